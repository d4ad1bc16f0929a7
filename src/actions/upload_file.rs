//! `uploadFile`: streams an attachment, or the file at a URL, to Podio (`POST /file/`) without keeping it in memory.
//! In: `attachment`, `attachmentUrl` or `url`, `fileName`, `contentType`. Out: Podio's file object.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    http,
    platform::message::{Attachment, Message, Outgoing},
};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::files::Files;
use crate::rest::{
    ApiClient, Request,
    request::{Payload, Upload},
    transfer::{FileSource, OpenFile, file_of, silent},
};

/// The media type of a file without one. Podio refuses `application/octet-stream`.
const DEFAULT_MEDIA: &str = "text/plain";

/// The action, for one step.
pub(super) struct UploadFile {
    podio: Arc<ApiClient>,
    files: Files,
}

/// The input of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    url: Option<String>,
    /// What `downloadFile` puts into its body; flow builders map fields, not attachments.
    attachment_url: Option<String>,
    attachment: Option<String>,
    file_name: Option<String>,
    content_type: Option<String>,
}

/// The file to upload.
#[derive(Debug, PartialEq, Eq)]
struct FileInput {
    url: Url,
    name: String,
    media: String,
}

impl UploadFile {
    pub(super) fn new(podio: Arc<ApiClient>, files: Files) -> Self {
        Self { podio, files }
    }
}

#[async_trait]
impl Action for UploadFile {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let file = read(message)?;
        let url = self.podio.address().resolve("/file/")?;
        let source = UrlSource { url: file.url, files: self.files.clone() };
        let upload = Upload { source: Arc::new(source), name: file.name, media: file.media };
        let request = Request::post(url, Payload::File(upload));
        let answer = self.podio.send(&request, context.stop).await?;
        context.emitter.data(Outgoing::new(answer)).await
    }
}

/// Finds the file to upload: the one at `url`, the attachment named by `attachment`, or the only attachment.
fn read(message: &Message<'_>) -> Result<FileInput, Failure> {
    let fields: Fields = match message.body() {
        None => Fields::default(),
        Some(body) => serde_json::from_str(body.get()).map_err(|_| {
            Failure::new("The message's \"body\" must be an object whose fields \"url\", \"attachmentUrl\", \"attachment\", \"fileName\" and \"contentType\" are text.")
        })?,
    };
    let given = |field: Option<String>| field.filter(|text| !text.trim().is_empty());
    let fields = Fields {
        url: given(fields.url),
        attachment_url: given(fields.attachment_url),
        attachment: given(fields.attachment),
        file_name: given(fields.file_name),
        content_type: given(fields.content_type),
    };
    let (name, attachment) = match fields.url.or(fields.attachment_url) {
        Some(url) => (None, Attachment { url, size: None, content_type: None }),
        None => find_attachment(message, fields.attachment.as_deref())?,
    };
    let url = Url::parse(&attachment.url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Failure::new("The file's \"url\" is not an http or https address."))?;
    let last_segment = url.path().rsplit('/').next().filter(|segment| !segment.is_empty()).map(str::to_owned);
    for (field, name) in [("fileName", &fields.file_name), ("attachments", &name)] {
        if name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(Failure::new(format!(
                "The file's name in the field \"{field}\" contains a control character (a line break or tab, perhaps); remove it."
            )));
        }
    }
    Ok(FileInput {
        name: fields.file_name.or(name).or(last_segment).unwrap_or_else(|| "file".to_owned()),
        media: fields.content_type.or(attachment.content_type).unwrap_or_else(|| DEFAULT_MEDIA.to_owned()),
        url,
    })
}

/// Finds the attachment named `wanted`, or the only one.
fn find_attachment(message: &Message<'_>, wanted: Option<&str>) -> Result<(Option<String>, Attachment), Failure> {
    let attachments = message.object("attachments");
    let entries: Vec<_> = attachments.entries().collect();
    let (name, raw): (_, &RawValue) = match (wanted, entries.as_slice()) {
        (Some(wanted), all) => all
            .iter()
            .find(|(name, _)| name == wanted)
            .cloned()
            .ok_or_else(|| Failure::new("The message has no attachment with the name in \"attachment\"."))?,
        (None, [only]) => only.clone(),
        (None, []) => {
            return Err(Failure::new(
                "There is no file: give its address in \"url\", or send a message with an attachment.",
            ));
        }
        (None, many) => {
            return Err(Failure::new(format!(
                "The message has {} attachments: name one in \"attachment\".",
                many.len()
            )));
        }
    };
    let attachment = serde_json::from_str(raw.get())
        .map_err(|_| Failure::new("The message's attachment is not an object with a \"url\"."))?;
    Ok((Some(name.text().into_owned()), attachment))
}

/// A file at a URL. The platform's object storage is called with its token, any other host without one.
struct UrlSource {
    url: Url,
    files: Files,
}

impl UrlSource {
    async fn fetch(&self) -> Result<OpenFile, String> {
        let limit = self.files.stall_timeout;
        if let Some(storage) = self.files.storage.as_ref().filter(|storage| storage.holds(&self.url)) {
            let response = storage.open_with_retries(&self.url).await.map_err(|error| error.to_string())?;
            return Ok(file_of(response, limit));
        }
        if let Some(reach) = &self.files.reach {
            reach.check(&self.url).map_err(|refusal| refusal.to_string())?;
        }
        let answer = tokio::time::timeout(limit, http::send(self.files.http.get(self.url.clone()))).await;
        let response = answer.map_err(|_| silent(limit))?.map_err(|error| error.to_string())?;
        match response.status() {
            status if status.is_success() => Ok(file_of(response, limit)),
            status => Err(format!("its address answered {status}")),
        }
    }
}

impl FileSource for UrlSource {
    fn open(&self) -> BoxFuture<'_, Result<OpenFile, String>> {
        Box::pin(async {
            let explain = |reason: String| format!("the file to upload cannot be read: {reason}");
            let OpenFile { bytes, length } = self.fetch().await.map_err(explain)?;
            let bytes = futures_util::StreamExt::map(bytes, move |chunk| chunk.map_err(explain));
            Ok(OpenFile { bytes: Box::pin(bytes), length })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<(String, String, String), String> {
        let message = Message::parse(text.as_bytes()).expect("a message");
        read(&message)
            .map(|file| (file.url.to_string(), file.name, file.media))
            .map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn the_file_is_at_the_url_or_the_named_or_only_attachment() {
        let some = |url: &str, name: &str, media: &str| Ok((url.to_owned(), name.to_owned(), media.to_owned()));
        let both = r#""attachments":{"a.txt":{"url":"http://h/1"},"b.pdf":{"url":"http://h/2","content-type":"application/pdf"}}"#;
        assert_eq!(
            read_text(r#"{"body":{"url":"http://h/x/y.txt?z"}}"#),
            some("http://h/x/y.txt?z", "y.txt", "text/plain")
        );
        assert_eq!(
            read_text(r#"{"body":{"url":"http://h/","fileName":"n","contentType":"image/png"}}"#),
            some("http://h/", "n", "image/png")
        );
        assert_eq!(
            read_text(&format!(r#"{{"body":{{"attachment":"b.pdf"}},{both}}}"#)),
            some("http://h/2", "b.pdf", "application/pdf")
        );
        assert_eq!(
            read_text(r#"{"attachments":{"a.txt":{"url":"http://h/1","size":3}}}"#),
            some("http://h/1", "a.txt", "text/plain")
        );
        for empty in [
            r#"{"body":{"url":"","attachmentUrl":"http://h/1","fileName":" ","contentType":""}}"#,
            r#"{"body":{"attachmentUrl":"http://h/1","attachment":""}}"#,
            r#"{"body":{"url":"","attachment":""},"attachments":{"1":{"url":"http://h/1","size":"x","content-type":""}}}"#,
        ] {
            assert_eq!(read_text(empty), some("http://h/1", "1", "text/plain"), "{empty}");
        }
        assert!(read_text(&format!(r#"{{"body":{{}},{both}}}"#)).expect_err("two").contains("2 attachments"));
    }

    #[test]
    fn bad_input_is_reported() {
        for (text, word) in [
            (r#"{"body":{}}"#, "There is no file"),
            (r#"{"body":{"attachment":"x"},"attachments":{}}"#, "attachment"),
            (r#"{"body":{},"attachments":{"a":7}}"#, "attachment"),
            (r#"{"body":{"url":7}}"#, "url"),
            (r#"{"body":{"url":"file:///etc/passwd"}}"#, "url"),
            (r#"{"body":{"url":"http://h/1","fileName":"a\r\nb.txt"}}"#, "\"fileName\" contains a control"),
            (r#"{"body":{"url":"http://h/1","fileName":"a\u0000"}}"#, "\"fileName\" contains a control"),
            (r#"{"body":{},"attachments":{"a\tb":{"url":"http://h/1"}}}"#, "\"attachments\" contains a control"),
        ] {
            let error = read_text(text).expect_err(text);
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
