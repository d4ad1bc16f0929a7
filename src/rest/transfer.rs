//! Streams files to and from the API without keeping them in memory: uploads as a multipart form, downloads into a sink.
//! A file is opened again for each attempt. Errors of the two sides are kept apart, since only the API's are retried.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
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

/// A file's bytes; an error is the text that says what failed.
pub type FileStream = BoxStream<'static, Result<Bytes, String>>;

/// A file open for reading.
pub struct OpenFile {
    /// Its bytes.
    pub bytes: FileStream,
    /// Its length, if known.
    pub length: Option<u64>,
}

/// The source of a file to upload; opened for each attempt.
pub trait FileSource: Send + Sync {
    /// Opens the file.
    ///
    /// # Errors
    /// The text that says what failed and why.
    fn open(&self) -> BoxFuture<'_, Result<OpenFile, String>>;
}

/// The destination of a downloaded file; each attempt starts from the beginning.
pub trait FileSink: Send + Sync {
    /// Reads the file to its end.
    ///
    /// # Errors
    /// The text that says what failed and why.
    fn take(&self, file: FileStream) -> BoxFuture<'_, Result<(), String>>;
}

/// The first error of a stream. The HTTP client wraps a stream's errors; this keeps the original text.
#[derive(Clone, Default)]
pub(super) struct FirstError(Arc<Mutex<Option<String>>>);

impl FirstError {
    /// The error, if there was one.
    pub(super) fn seen(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the same stream, whose first error is recorded here.
    pub(super) fn watch(&self, bytes: FileStream) -> FileStream {
        let first = self.clone();
        let watched = bytes.inspect(move |chunk| {
            if let Err(text) = chunk {
                let mut seen = first.0.lock().unwrap_or_else(PoisonError::into_inner);
                seen.get_or_insert_with(|| text.clone());
            }
        });
        Box::pin(watched)
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
/// If `media` is not a media type.
pub(super) fn form(file: OpenFile, name: &str, media: &str, source: &FirstError) -> Result<Form, reqwest::Error> {
    let body = body(source.watch(file.bytes));
    let part = match file.length {
        Some(length) => Part::stream_with_length(body, length),
        None => Part::stream(body),
    };
    let part = part.file_name(name.to_owned()).mime_str(media)?;
    Ok(Form::new().text("filename", name.to_owned()).part("source", part))
}

/// The body of a response as a file.
#[must_use]
pub fn file_of(response: reqwest::Response) -> OpenFile {
    let length = response.content_length();
    let bytes = stream::try_unfold(response, async |mut response| {
        let chunk = response.chunk().await.map_err(|error| http::reason(&error))?;
        Ok(chunk.map(|chunk| (chunk, response)))
    });
    OpenFile { bytes: Box::pin(bytes), length }
}
