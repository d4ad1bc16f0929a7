//! The input of `uploadFile`.

use elasticio_runtime::{
    action::Failure,
    platform::message::{Attachment, Message},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

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

/// The file to upload, as the message names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileInput {
    pub(super) url: Url,
    /// `fileName`, or the attachment's name.
    pub(super) name: Option<String>,
    /// `contentType`
    pub(super) media: Option<String>,
    /// The attachment's media type, which another component gave it.
    pub(super) attachment_media: Option<String>,
}

/// Finds the file to upload: the one at `url`, the attachment named by `attachment`, or the only attachment.
pub(super) fn read(message: &Message<'_>) -> Result<FileInput, Failure> {
    let fields: Fields = match message.body() {
        None => Fields::default(),
        Some(body) => serde_json::from_str(body.get()).map_err(|_| {
            Failure::input("The message's \"body\" must be an object whose fields \"url\", \"attachmentUrl\", \"attachment\", \"fileName\" and \"contentType\" are text.")
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
    let at = |url| (None, Attachment { url, size: None, content_type: None });
    let (field, (name, attachment)) = match (fields.url, fields.attachment_url) {
        (Some(url), _) => ("url", at(url)),
        (None, Some(url)) => ("attachmentUrl", at(url)),
        (None, None) => ("url", find_attachment(message, fields.attachment.as_deref())?),
    };
    let url = Url::parse(&attachment.url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Failure::input(format!("The file's \"{field}\" is not an http or https address.")))?;
    for (field, name) in [("fileName", &fields.file_name), ("attachments", &name)] {
        if name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(Failure::input(format!(
                "The file's name in the field \"{field}\" contains a control character (a line break or tab, perhaps); remove it."
            )));
        }
    }
    Ok(FileInput {
        url,
        name: fields.file_name.or(name),
        media: fields.content_type,
        attachment_media: attachment.content_type,
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
            .ok_or_else(|| Failure::input("The message has no attachment with the name in \"attachment\"."))?,
        (None, [only]) => only.clone(),
        (None, []) => {
            return Err(Failure::input(
                "There is no file: give its address in \"url\", or send a message with an attachment.",
            ));
        }
        (None, many) => {
            return Err(Failure::input(format!(
                "The message has {} attachments: name one in \"attachment\".",
                many.len()
            )));
        }
    };
    let attachment = serde_json::from_str(raw.get())
        .map_err(|_| Failure::input("The message's attachment is not an object with a \"url\"."))?;
    Ok((Some(name.text().into_owned()), attachment))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Texts = (String, Option<String>, Option<String>, Option<String>);

    fn read_text(text: &str) -> Result<Texts, String> {
        let message = Message::parse(text.as_bytes()).expect("a message");
        read(&message)
            .map(|file| (file.url.to_string(), file.name, file.media, file.attachment_media))
            .map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn the_file_is_at_the_url_or_the_named_or_only_attachment() {
        let some = |url: &str, name: Option<&str>, media: Option<&str>, attachment: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            Ok((url.to_owned(), owned(name), owned(media), owned(attachment)))
        };
        let both = r#""attachments":{"a.txt":{"url":"http://h/1"},"b.pdf":{"url":"http://h/2","content-type":"application/pdf"}}"#;
        assert_eq!(read_text(r#"{"body":{"url":"http://h/x/y.txt?z"}}"#), some("http://h/x/y.txt?z", None, None, None));
        assert_eq!(
            read_text(r#"{"body":{"url":"http://h/","fileName":"n","contentType":"image/png"}}"#),
            some("http://h/", Some("n"), Some("image/png"), None)
        );
        assert_eq!(
            read_text(&format!(r#"{{"body":{{"attachment":"b.pdf"}},{both}}}"#)),
            some("http://h/2", Some("b.pdf"), None, Some("application/pdf"))
        );
        assert_eq!(
            read_text(&format!(r#"{{"body":{{"attachment":"b.pdf","fileName":"n","contentType":"a/b"}},{both}}}"#)),
            some("http://h/2", Some("n"), Some("a/b"), Some("application/pdf"))
        );
        assert_eq!(
            read_text(r#"{"attachments":{"a.txt":{"url":"http://h/1","size":3}}}"#),
            some("http://h/1", Some("a.txt"), None, None)
        );
        for empty in [
            r#"{"body":{"url":"","attachmentUrl":"http://h/1","fileName":" ","contentType":""}}"#,
            r#"{"body":{"attachmentUrl":"http://h/1","attachment":""}}"#,
            r#"{"body":{"url":"","attachment":""},"attachments":{"1":{"url":"http://h/1","size":"x","content-type":""}}}"#,
        ] {
            let (url, _, media, _) = read_text(empty).expect(empty);
            assert_eq!((url.as_str(), media), ("http://h/1", None), "{empty}");
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
            (r#"{"body":{"url":"file:///etc/passwd"}}"#, "\"url\" is not"),
            (r#"{"body":{"attachmentUrl":"objects/7"}}"#, "\"attachmentUrl\" is not"),
            (r#"{"body":{"url":"http://h/1","fileName":"a\r\nb.txt"}}"#, "\"fileName\" contains a control"),
            (r#"{"body":{"url":"http://h/1","fileName":"a\u0000"}}"#, "\"fileName\" contains a control"),
            (r#"{"body":{},"attachments":{"a\tb":{"url":"http://h/1"}}}"#, "\"attachments\" contains a control"),
        ] {
            let error = read_text(text).expect_err(text);
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
