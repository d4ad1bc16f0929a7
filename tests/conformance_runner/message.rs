//! A message of a scenario: its fields in the file, and the message that is sent to the worker.

use anyhow::{Context, Result};
use podio_sandbox::compact_json;
use podio_test_support::TestMessage;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The header with the id of the object that is a message's body.
const STORAGE_HEADER: &str = "x-ipaas-object-storage-id";

/// The fields of one message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    #[serde(default, deserialize_with = "present")]
    body: Option<Box<RawValue>>,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    passthrough: Option<Box<RawValue>>,
    #[serde(default)]
    id: Option<Box<RawValue>>,
    #[serde(default)]
    attachments: Option<Box<RawValue>>,
    #[serde(default = "one")]
    proto: u8,
    /// AMQP headers in place of or in addition to the default ones.
    #[serde(default)]
    amqp: Map<String, Value>,
    /// The AMQP body, sent as it is.
    #[serde(default)]
    raw: Option<String>,
    /// The text that is encrypted in place of a payload.
    #[serde(default)]
    plain: Option<String>,
    #[serde(default)]
    no_headers: bool,
    #[serde(default = "once")]
    pub(crate) copies: usize,
    /// A body in object storage.
    #[serde(default)]
    object: Option<Box<RawValue>>,
}

/// The payload, in the order in which the platform writes its fields.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: &'a Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: &'a Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: &'a Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passthrough: &'a Option<Box<RawValue>>,
}

impl Message {
    /// The JSON text of the body in object storage, if it is there.
    pub(crate) fn object(&self) -> Option<String> {
        self.object.as_ref().map(|object| compact_json(object.get()))
    }

    /// One copy of the message; `object_id` is the object that has its body.
    pub(crate) fn to_test_message(&self, object_id: Option<&str>) -> Result<TestMessage> {
        let mut message = match (&self.raw, &self.plain) {
            (Some(raw), _) => TestMessage::from_body(raw.clone().into_bytes()),
            (None, Some(plain)) => self.encrypt(plain),
            (None, None) => self.encrypt(&self.payload(object_id)?),
        };
        if self.no_headers {
            message = message.without_headers();
        }
        for (name, value) in &self.amqp {
            message = message.with_header(name, value.clone());
        }
        Ok(message)
    }

    fn encrypt(&self, text: &str) -> TestMessage {
        if self.proto == 2 { TestMessage::from_text_v2(text) } else { TestMessage::from_text(text) }
    }

    fn payload(&self, object_id: Option<&str>) -> Result<String> {
        let mut headers = self.headers.clone();
        let mut body = self.body.clone();
        if let Some(object_id) = object_id {
            headers.get_or_insert_default().insert(STORAGE_HEADER.to_owned(), object_id.into());
            body = Some(RawValue::from_string("{}".to_owned())?);
        }
        let (id, attachments, passthrough) = (&self.id, &self.attachments, &self.passthrough);
        let payload = Payload { id, body: &body, headers, attachments, passthrough };
        serde_json::to_string(&payload).map(|text| compact_json(&text)).context("a payload cannot be written")
    }
}

fn one() -> u8 {
    1
}

fn once() -> usize {
    1
}

/// Distinguishes `null` from an absent field.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}
