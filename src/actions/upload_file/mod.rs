//! `uploadFile`: streams an attachment, or the file at a URL, to Podio (`POST /file/`) without keeping it in memory.
//! In: `attachment`, `attachmentUrl` or `url`, `fileName`, `contentType`. Out: Podio's file object.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Interruption},
    platform::message::{Message, Outgoing},
};
use futures_util::{TryStreamExt, future::BoxFuture};
use mime::Mime;
use reqwest::{
    Response,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap},
};
use tokio::time::Instant;

use super::{file_name, files::Files};
use crate::rest::{
    ApiClient, Request,
    request::Payload,
    transfer::{FileSource, NamedFile, OpenFile, StreamError, file_of},
};

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;
mod input;

use input::FileInput;

/// The media type of a file without one. Podio refuses `application/octet-stream`.
const DEFAULT_MEDIA: &str = "text/plain";

/// The action, for one step.
pub(super) struct UploadFile {
    podio: Arc<ApiClient>,
    files: Files,
}

impl UploadFile {
    pub(super) fn new(podio: Arc<ApiClient>, files: Files) -> Self {
        Self { podio, files }
    }
}

#[async_trait]
impl Action for UploadFile {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let file = input::read(message)?;
        let url = self.podio.address().resolve("/file/")?;
        let source = UrlSource { file, files: self.files.clone() };
        let request = Request::post(url, Payload::File(Arc::new(source)));
        let answer = self.podio.send(&request, context.stop).await?;
        context.emitter.data(Outgoing::new(answer)).await
    }
}

/// A file at a URL. The platform's object storage is called with its token, any other host without one.
struct UrlSource {
    file: FileInput,
    files: Files,
}

impl UrlSource {
    async fn fetch(&self) -> Result<Response, String> {
        let url = &self.file.url;
        if let Some(storage) = self.files.storage.as_ref().filter(|storage| storage.holds(url)) {
            return storage.open_with_retries(url).await.map_err(|error| error.to_string());
        }
        if let Some(reach) = &self.files.reach {
            reach.check(url).map_err(|refusal| refusal.to_string())?;
        }
        let limit = self.files.stall_timeout;
        let answer = self.files.http.send(self.files.http.get(url.clone()), Instant::now() + limit).await;
        let response = answer.map_err(|error| error.to_string())?;
        match response.status() {
            status if status.is_success() => Ok(response),
            status => Err(format!("its address answered {status}")),
        }
    }

    /// What the message calls the file, else its source, else its address.
    fn name(&self, headers: &HeaderMap) -> String {
        let disposition = || file_name::of_disposition(headers.get(CONTENT_DISPOSITION)?.as_bytes());
        let given = self.file.name.clone();
        given
            .or_else(disposition)
            .or_else(|| file_name::of_address(&self.file.url))
            .unwrap_or_else(|| "file".to_owned())
    }

    /// The media type in the message, else the attachment's, else the source's.
    fn media(&self, headers: &HeaderMap) -> String {
        if let Some(given) = &self.file.media {
            return given.clone();
        }
        let source = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let known = [self.file.attachment_media.as_deref(), source].into_iter().flatten().map(str::trim);
        known.filter(|text| is_specific(text)).map(str::to_owned).next().unwrap_or_else(|| DEFAULT_MEDIA.to_owned())
    }
}

/// Whether a text is a media type, and says more than that the file consists of bytes.
fn is_specific(media: &str) -> bool {
    media.parse::<Mime>().is_ok_and(|media| {
        media.essence_str() != mime::APPLICATION_OCTET_STREAM && media.type_() != mime::STAR && media.subtype() != ""
    })
}

impl FileSource for UrlSource {
    fn open(&self) -> BoxFuture<'_, Result<NamedFile, String>> {
        Box::pin(async {
            let explain = |reason: String| format!("the file to upload cannot be read: {reason}");
            let response = self.fetch().await.map_err(explain)?;
            let (name, media) = (self.name(response.headers()), self.media(response.headers()));
            let OpenFile { bytes, length } = file_of(response, self.files.stall_timeout);
            let bytes = bytes.map_err(move |error| StreamError::Broken(explain(error.to_string())));
            Ok(NamedFile { file: OpenFile { bytes: Box::pin(bytes), length }, name, media })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_media_type_that_says_something_is_taken_from_elsewhere() {
        for media in ["image/png", "text/html; charset=utf-8", "application/vnd.ms-excel", "IMAGE/PNG"] {
            assert!(is_specific(media), "{media}");
        }
        for media in ["", "png", "*/*", "image/", "application/octet-stream", "Application/Octet-Stream; a=b", "a b/c"]
        {
            assert!(!is_specific(media), "{media}");
        }
    }
}
