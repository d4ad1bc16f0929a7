//! Streams files to and from the API without keeping them in memory: uploads as a multipart form, downloads into a sink.
//! A file is opened again for each attempt. Errors of the two sides are kept apart, since only the API's are retried.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use elasticio_runtime::http;
use futures_util::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use reqwest::{
    Body,
    multipart::{Form, Part},
};
use tokio::time::{Instant, timeout};

/// A file's bytes.
pub type FileStream = BoxStream<'static, Result<Bytes, StreamError>>;

/// Why a file's bytes ended early.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StreamError {
    /// They stopped coming.
    #[error("{0}")]
    Broken(String),
    /// They came, but they are not the file that they should be.
    #[error("{0}")]
    Unreadable(String),
}

/// A file open for reading.
pub struct OpenFile {
    /// Its bytes.
    pub bytes: FileStream,
    /// Its length, if known.
    pub length: Option<u64>,
}

/// A file to upload.
pub struct NamedFile {
    /// The file.
    pub file: OpenFile,
    /// Its name at the API.
    pub name: String,
    /// Its media type.
    pub media: String,
}

/// The source of a file to upload; opened for each attempt.
pub trait FileSource: Send + Sync {
    /// Opens the file.
    ///
    /// # Errors
    /// The text that says what failed and why.
    fn open(&self) -> BoxFuture<'_, Result<NamedFile, String>>;
}

/// The destination of a downloaded file; each attempt starts from the beginning.
pub trait FileSink: Send + Sync {
    /// Reads the file to its end.
    ///
    /// # Errors
    /// The text that says what failed and why.
    fn take(&self, file: FileStream) -> BoxFuture<'_, Result<(), String>>;
}

/// The first error of a stream. The HTTP client wraps a stream's errors; this keeps the original.
#[derive(Clone, Default)]
pub(super) struct FirstError(Arc<Mutex<Option<StreamError>>>);

impl FirstError {
    /// The error, if there was one.
    pub(super) fn seen(&self) -> Option<StreamError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the same stream, whose first error is recorded here.
    pub(super) fn watch(&self, bytes: FileStream) -> FileStream {
        let first = self.clone();
        let watched = bytes.inspect(move |chunk| {
            if let Err(error) = chunk {
                let mut seen = first.0.lock().unwrap_or_else(PoisonError::into_inner);
                seen.get_or_insert_with(|| error.clone());
            }
        });
        Box::pin(watched)
    }
}

/// What is known of the file that a call carries.
#[derive(Default)]
pub(super) struct Source {
    /// Its first error.
    pub(super) error: FirstError,
    /// Whether the API takes its bytes.
    pub(super) flow: Flow,
}

/// Watches whether the receiver of a stream keeps asking for bytes.
#[derive(Clone)]
pub struct Flow(Arc<Mutex<FlowState>>);

struct FlowState {
    /// Whether the receiver waits for the sender, which has a time-out of its own.
    reading: bool,
    /// When the receiver got its last bytes.
    last: Instant,
}

impl Flow {
    /// A flow that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(FlowState { reading: false, last: Instant::now() })))
    }

    /// The same stream, watched.
    #[must_use]
    pub fn watch(&self, bytes: FileStream) -> FileStream {
        let watched = stream::unfold((bytes, self.clone()), async |(mut bytes, flow)| {
            flow.lock().reading = true;
            let chunk = bytes.next().await;
            *flow.lock() = FlowState { reading: false, last: Instant::now() };
            Some((chunk?, (bytes, flow)))
        });
        Box::pin(watched)
    }

    /// Returns once the receiver has neither asked for bytes nor answered for `limit`.
    pub async fn stalled(&self, limit: Duration) {
        loop {
            let until = {
                let state = self.lock();
                if state.reading { Instant::now() + limit } else { state.last + limit }
            };
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, FlowState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Flow {
    fn default() -> Self {
        Self::new()
    }
}

/// A request body that streams the file.
#[must_use]
pub fn body(bytes: FileStream) -> Body {
    Body::wrap_stream(bytes.map(|chunk| chunk.map_err(io::Error::other)))
}

/// The multipart form of Podio's `POST /file/`: `source` and `filename`.
///
/// # Errors
/// If the file's media type is not one.
pub(super) fn form(named: NamedFile, source: &Source) -> Result<Form, reqwest::Error> {
    let NamedFile { file, name, media } = named;
    let body = body(source.flow.watch(source.error.watch(file.bytes)));
    let part = match file.length {
        Some(length) => Part::stream_with_length(body, length),
        None => Part::stream(body),
    };
    let part = part.file_name(name.clone()).mime_str(&media)?;
    Ok(Form::new().text("filename", name).part("source", part))
}

/// The body of a response as a file; `limit` bounds the wait for its next bytes.
#[must_use]
pub fn file_of(response: reqwest::Response, limit: Duration) -> OpenFile {
    let length = response.content_length();
    let bytes = stream::try_unfold(response, move |mut response| async move {
        let chunk = timeout(limit, response.chunk()).await.map_err(|_| StreamError::Broken(silent(limit)))?;
        let chunk = chunk.map_err(|error| match http::unreadable(&error) {
            Some(what) => StreamError::Unreadable(what),
            None => StreamError::Broken(http::reason(&error)),
        })?;
        Ok(chunk.map(|chunk| (chunk, response)))
    });
    OpenFile { bytes: Box::pin(bytes), length }
}

/// The text for a transfer that stood still for `limit`.
#[must_use]
pub fn silent(limit: Duration) -> String {
    format!("nothing came for {} s", limit.as_secs_f64())
}
