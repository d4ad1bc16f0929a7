//! `downloadFile`: streams a file from Podio into the platform's object storage, without keeping it in memory.
//! In: `fileId`. Out: Podio's file object, with the file as an attachment of the message. What is done if there is no such
//! file is the step's `ifNotFound`.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, ErrorCode, Failure, Interruption},
    platform::{
        json::{Kind, ObjectWriter, RawText, write_compact},
        message::{Message, Outgoing},
    },
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{files::Files, storage_sink::StorageSink};
use crate::{
    podio::StepConfig,
    rest::{ApiClient, CallError, Request, answer::Body},
};

/// The action, for one step.
pub(super) struct DownloadFile {
    podio: Arc<ApiClient>,
    files: Files,
    if_not_found: Option<String>,
}

/// What is done if there is no such file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfNotFound {
    EmitNothing,
    EmitEmpty,
    Throw,
}

impl IfNotFound {
    fn read(chosen: Option<&str>) -> Result<Self, Failure> {
        match chosen {
            Some("emitNothing") => Ok(Self::EmitNothing),
            Some("emitEmpty") => Ok(Self::EmitEmpty),
            None | Some("throwError") => Ok(Self::Throw),
            Some(_) => Err(Failure::input(
                "The step's If the file is not found (ifNotFound) must be one of emitNothing, emitEmpty, throwError.",
            )),
        }
    }
}

/// The fields of Podio's file object that are needed here.
#[derive(Deserialize)]
struct File {
    name: Option<String>,
    mimetype: Option<String>,
}

impl DownloadFile {
    pub(super) fn new(podio: Arc<ApiClient>, files: Files, config: &StepConfig) -> Self {
        Self { podio, files, if_not_found: config.if_not_found.clone() }
    }

    fn request(&self, path: &str) -> Result<Request, Failure> {
        let url = self.podio.address().resolve(path)?;
        Ok(Request::get(url))
    }
}

#[async_trait]
impl Action for DownloadFile {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let if_not_found = IfNotFound::read(self.if_not_found.as_deref())?;
        let id = file_id(message.body())?;
        match (self.download(&id, context).await?, if_not_found) {
            (Ok(message), _) => context.emitter.data(message).await,
            (Err(error), IfNotFound::Throw) => Err(error.into()),
            (Err(error), IfNotFound::EmitNothing) => {
                tracing::debug!(%error, "there is no such file");
                Ok(())
            }
            (Err(error), IfNotFound::EmitEmpty) => {
                tracing::debug!(%error, "there is no such file");
                context.emitter.data(Outgoing::new(RawText(b"{}".to_vec()))).await
            }
        }
    }
}

/// Splits off that there is no such file.
fn found<T>(outcome: Result<T, CallError>) -> Result<Result<T, CallError>, CallError> {
    match outcome {
        Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(Err(error)),
        outcome => outcome.map(Ok),
    }
}

impl DownloadFile {
    /// The message with the file; the inner error says that there is no such file.
    async fn download(&self, id: &str, context: &Context<'_>) -> Result<Result<Outgoing, CallError>, Interruption> {
        let storage = self.files.storage.clone().ok_or_else(|| {
            Failure::new(
                "The platform has no object storage to put the file into (ELASTICIO_OBJECT_STORAGE_URI is not set).",
            )
        })?;
        let first = self.request(&format!("/file/{id}"))?;
        let answer = match found(self.podio.send(&first, context.stop).await)? {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        let Body::Json(object) = answer.body() else {
            return Err(no_file(id).into());
        };
        let object = object.to_owned();
        let file: File = serde_json::from_str(object.get()).map_err(|_| no_file(id))?;
        let media = file.mimetype.unwrap_or_else(|| "application/octet-stream".to_owned());
        let sink = Arc::new(StorageSink::new(storage, media, &self.files));
        let raw = self.request(&format!("/file/{id}/raw"))?;
        let raw = Request { sink: Some(sink.clone()), began: first.began, ..raw };
        if let Err(error) = found(self.podio.send(&raw, context.stop).await)? {
            return Ok(Err(error));
        }
        let attachment = sink.attachment().ok_or_else(|| Failure::new("The file did not reach the object storage."))?;
        let name = file.name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_owned());
        let object = with_address(&object, &attachment.url).ok_or_else(|| no_file(id))?;
        Ok(Ok(Outgoing::new(object).with_attachment(&name, attachment)))
    }
}

/// Podio's file object with the file's address as one more field, since flow builders map fields, not attachments.
fn with_address(object: &RawValue, address: &str) -> Option<RawText> {
    if Kind::of(object) != Kind::Object {
        return None;
    }
    let mut compact = Vec::new();
    write_compact(object.get(), &mut compact);
    let mut out = Vec::with_capacity(compact.len() + address.len() + 24);
    let mut writer = ObjectWriter::new(&mut out);
    writer.fields_of(&compact);
    writer.text("attachmentUrl", address);
    writer.end();
    Some(RawText(out))
}

fn no_file(id: &str) -> Failure {
    let text = |path: &str| format!("Podio's answer to GET {path} is not a file object.");
    Failure::with_log(text(&format!("/file/{id}")), text("/file/*")).with_code(ErrorCode::ApiError)
}

/// Reads `fileId`: a whole number, given as a number or as text.
fn file_id(body: Option<&RawValue>) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Fields<'a> {
        #[serde(rename = "fileId", borrow)]
        file_id: &'a RawValue,
    }
    let bad = || Failure::input("The field \"fileId\" must be the number of a file in Podio.");
    let fields: Fields<'_> = body.and_then(|body| serde_json::from_str(body.get()).ok()).ok_or_else(bad)?;
    let id = fields.file_id.get().trim_matches('"');
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    Ok(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_one_more_field() {
        for (object, with) in [
            ("{}", r#"{"attachmentUrl":"http://h/1?a=b"}"#),
            (r#"{"file_id":1.50 }"#, r#"{"file_id":1.50,"attachmentUrl":"http://h/1?a=b"}"#),
        ] {
            let raw: Box<RawValue> = serde_json::from_str(object).expect("valid JSON");
            assert_eq!(with_address(&raw, "http://h/1?a=b").expect("an object").0, with.as_bytes());
        }
        let array: Box<RawValue> = serde_json::from_str("[1]").expect("valid JSON");
        assert!(with_address(&array, "").is_none());
    }

    #[test]
    fn a_missing_file_is_an_error_unless_something_else_is_chosen() {
        for (chosen, want) in [
            (None, IfNotFound::Throw),
            (Some("throwError"), IfNotFound::Throw),
            (Some("emitEmpty"), IfNotFound::EmitEmpty),
            (Some("emitNothing"), IfNotFound::EmitNothing),
        ] {
            assert_eq!(IfNotFound::read(chosen).ok(), Some(want));
        }
        assert!(IfNotFound::read(Some("emitNull")).expect_err("no choice").message().contains("(ifNotFound)"));
    }

    #[test]
    fn a_file_id_is_a_whole_number() {
        let id = |text: &str| {
            let raw: Box<RawValue> = serde_json::from_str(text).expect("valid JSON");
            file_id(Some(&raw)).ok()
        };
        assert_eq!(id(r#"{"fileId":42}"#).as_deref(), Some("42"));
        assert_eq!(id(r#"{"fileId":"42"}"#).as_deref(), Some("42"));
        for bad in ["{}", "[]", r#"{"fileId":""}"#, r#"{"fileId":"42/raw"}"#, r#"{"fileId":-1}"#, r#"{"fileId":null}"#]
        {
            assert_eq!(id(bad), None, "{bad}");
        }
        assert!(file_id(None).is_err());
    }
}
