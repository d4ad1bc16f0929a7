//! Files that pass through as streams, never whole in memory: to the API as multipart, from the API into a sink. A file
//! can be opened again for every attempt; which side broke is told apart, since only the API's failures are retried.

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

/// A file's bytes; an error is a text that says what broke.
pub type FileStream = BoxStream<'static, Result<Bytes, String>>;

/// A file that is open for reading.
pub struct OpenFile {
    /// Its bytes.
    pub bytes: FileStream,
    /// How many there are, if known.
    pub length: Option<u64>,
}

/// Where a file to upload comes from; opened anew for every attempt.
pub trait FileSource: Send + Sync {
    /// Opens the file.
    ///
    /// # Errors
    /// A text that says what and why.
    fn open(&self) -> BoxFuture<'_, Result<OpenFile, String>>;
}

/// Where a downloaded file goes; a later attempt begins anew.
pub trait FileSink: Send + Sync {
    /// Takes a file to its end.
    ///
    /// # Errors
    /// A text that says what and why.
    fn take(&self, file: FileStream) -> BoxFuture<'_, Result<(), String>>;
}

/// The first error of a stream, as the reader of the stream that wraps it sees it.
#[derive(Clone, Default)]
pub(super) struct FirstError(Arc<Mutex<Option<String>>>);

impl FirstError {
    /// What broke, if anything did.
    pub(super) fn seen(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same stream, whose first error is remembered here.
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

/// A stream as a request's body.
#[must_use]
pub fn body(bytes: FileStream) -> Body {
    Body::wrap_stream(bytes.map(|chunk| chunk.map_err(io::Error::other)))
}

/// The multipart form that Podio's `POST /file/` takes: `source` and `filename`.
///
/// # Errors
/// When the media type is none.
pub(super) fn form(file: OpenFile, name: &str, media: &str, source: &FirstError) -> Result<Form, reqwest::Error> {
    let body = body(source.watch(file.bytes));
    let part = match file.length {
        Some(length) => Part::stream_with_length(body, length),
        None => Part::stream(body),
    };
    let part = part.file_name(name.to_owned()).mime_str(media)?;
    Ok(Form::new().text("filename", name.to_owned()).part("source", part))
}

/// An answer's body as a file.
#[must_use]
pub fn file_of(response: reqwest::Response) -> OpenFile {
    let length = response.content_length();
    let bytes = stream::try_unfold(response, async |mut response| {
        let chunk = response.chunk().await.map_err(|error| http::reason(&error))?;
        Ok(chunk.map(|chunk| (chunk, response)))
    });
    OpenFile { bytes: Box::pin(bytes), length }
}
