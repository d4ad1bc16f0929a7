//! Incoming and outgoing messages in the platform's format (protocol, sections 5.1 and 5.2). Pure; bodies stay raw
//! JSON.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    cipher::encrypted_size,
    json::{Kind, ObjectWriter, RawObject, WriteJson, write_string, write_value},
};

pub use super::attachment::Attachment;
use crate::large::Claim;

/// The header of a message that names the object with its body in object storage.
pub const OBJECT_ID: &str = "x-ipaas-object-storage-id";
/// The header of an outgoing message, in upper or lower case, that replaces the data routing key.
pub const ROUTING_KEY: &str = "x-eio-routing-key";

/// Why a decrypted payload is not a message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not JSON at all, or `null`: rejected without an answer (protocol, section 3.5).
    #[error("the payload is not JSON")]
    NotJson,
    /// JSON, but not an object: the message fails with an error.
    #[error(
        "The message must be a JSON object with a field \"body\", but it is {0}. Check what the step before sends."
    )]
    NotAnObject(Kind),
}

/// An incoming message, borrowed from its decrypted payload, or a passthrough entry, which has the same shape.
#[derive(Clone, Debug, Default)]
pub struct Message<'a> {
    fields: RawObject<'a>,
    fetched: Option<Arc<Fetched>>,
}

/// A body from object storage, with the memory that it takes.
#[derive(Debug)]
pub(crate) struct Fetched {
    body: Box<RawValue>,
    _memory: Claim,
}

impl Fetched {
    pub(crate) fn new(body: Box<RawValue>, memory: Claim) -> Self {
        Self { body, _memory: memory }
    }
}

impl<'a> Message<'a> {
    /// Reads a decrypted payload.
    ///
    /// # Errors
    /// When it is not JSON, or not a JSON object.
    pub fn parse(payload: &'a [u8]) -> Result<Self, MessageError> {
        let raw: &RawValue = serde_json::from_slice(payload).map_err(|_| MessageError::NotJson)?;
        Self::read(raw)
    }

    /// Reads a message that is part of another JSON value.
    ///
    /// # Errors
    /// When it is not an object.
    pub fn read(raw: &'a RawValue) -> Result<Self, MessageError> {
        match Kind::of(raw) {
            Kind::Object => {}
            Kind::Null => return Err(MessageError::NotJson),
            other => return Err(MessageError::NotAnObject(other)),
        }
        let fields = RawObject::deserialize(raw).map_err(|_| MessageError::NotJson)?;
        Ok(Self { fields, fetched: None })
    }

    /// Sets the body that was fetched from object storage.
    pub(crate) fn set_fetched(&mut self, body: Arc<Fetched>) {
        self.fetched = Some(body);
    }

    /// Whether the body was fetched from object storage.
    pub(crate) fn is_fetched(&self) -> bool {
        self.fetched.is_some()
    }

    /// The body; `None` when the message has none (`null` is a body).
    #[must_use]
    pub fn body(&self) -> Option<&RawValue> {
        self.fetched.as_ref().map(|fetched| &*fetched.body).or_else(|| self.fields.get("body"))
    }

    /// Every field as it came, including the body and `passthrough`.
    #[must_use]
    pub fn fields(&self) -> &RawObject<'a> {
        &self.fields
    }

    /// A field that is an object; empty when it is missing or something else.
    #[must_use]
    pub fn object(&self, field: &str) -> RawObject<'a> {
        self.fields.get(field).and_then(|raw| RawObject::deserialize(raw).ok()).unwrap_or_default()
    }

    /// The id of the object that holds the body; `None` when the message holds it itself.
    #[must_use]
    pub fn object_id(&self) -> Option<String> {
        let id: String = serde_json::from_str(self.object("headers").get(OBJECT_ID)?.get()).ok()?;
        (!id.is_empty()).then_some(id)
    }
}

/// A message that an action emits.
pub struct Outgoing {
    /// Its id; also the AMQP header `messageId`.
    pub id: Uuid,
    /// What the next step sees as its input.
    pub body: Box<dyn WriteJson>,
    /// Its headers; [`ROUTING_KEY`] chooses the routing key and is not sent.
    pub headers: BTreeMap<String, String>,
    /// Its files, by name.
    pub attachments: BTreeMap<String, Attachment>,
}

impl Outgoing {
    /// A message with `body` and a new random id.
    #[must_use]
    pub fn new(body: impl WriteJson + 'static) -> Self {
        Self { id: Uuid::new_v4(), body: Box::new(body), headers: BTreeMap::new(), attachments: BTreeMap::new() }
    }

    /// The same message with a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same message with a file.
    #[must_use]
    pub fn with_attachment(mut self, name: &str, attachment: Attachment) -> Self {
        self.attachments.insert(name.to_owned(), attachment);
        self
    }

    /// Removes [`ROUTING_KEY`] from the headers; returns its value, `None` when it is missing or empty.
    pub fn take_routing_key(&mut self) -> Option<String> {
        let name = self.headers.keys().find(|name| name.eq_ignore_ascii_case(ROUTING_KEY))?.clone();
        self.headers.remove(&name).filter(|key| !key.is_empty())
    }

    /// The message as compact JSON text, keys in the reference's order.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(encrypted_size(self.body.size_hint() + ENVELOPE));
        let mut object = ObjectWriter::new(&mut out);
        write_string(object.plain_field("id"), self.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        write_value(object.plain_field("attachments"), &self.attachments);
        self.body.write_json(object.plain_field("body"));
        write_value(object.plain_field("headers"), &self.headers);
        object.plain_field("metadata").extend_from_slice(b"{}");
        object.end();
        out
    }
}

/// Bytes to reserve for the envelope around a body.
pub const ENVELOPE: usize = 160;

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_are_messages() {
        let parse = |text: &str| Message::parse(text.as_bytes()).map(|_| ()).map_err(|error| error.to_string());
        assert!(parse(r#"{"body":{}}"#).is_ok());
        assert!(parse("").expect_err("not JSON").contains("not JSON"));
        assert!(parse("null").expect_err("null").contains("not JSON"));
        assert!(parse("[1]").expect_err("array").contains("body"));
        assert!(parse("\"x\"").expect_err("text").contains("it is text"));
    }

    #[test]
    fn a_null_body_is_not_a_missing_one() {
        assert!(Message::parse(b"{}").expect("object").body().is_none());
        assert!(Message::parse(br#"{"body":null}"#).expect("object").body().is_some());
    }

    #[test]
    fn a_lightweight_message_names_its_object() {
        let id = |text: &str| Message::parse(text.as_bytes()).expect("object").object_id();
        assert_eq!(id(r#"{"headers":{"x-ipaas-object-storage-id":"o1"},"body":{}}"#).as_deref(), Some("o1"));
        assert_eq!(id(r#"{"headers":{"x-ipaas-object-storage-id":""}}"#), None);
        assert_eq!(id(r#"{"headers":null}"#), None);
    }

    #[test]
    fn an_outgoing_message_has_the_protocols_keys() {
        let message = Outgoing::new(serde_json::json!({ "a": 1 }));
        let text = String::from_utf8(message.to_json()).expect("UTF-8");
        assert_eq!(
            text,
            format!(r#"{{"id":"{}","attachments":{{}},"body":{{"a":1}},"headers":{{}},"metadata":{{}}}}"#, message.id)
        );
    }

    #[test]
    fn the_case_of_the_routing_key_s_header_does_not_matter() {
        let mut message =
            Outgoing::new(serde_json::json!(1)).with_header("X-Eio-Routing-Key", "k").with_header("a", "b");
        assert_eq!(message.take_routing_key().as_deref(), Some("k"));
        assert_eq!(message.take_routing_key(), None);
        assert!(String::from_utf8_lossy(&message.to_json()).contains(r#""headers":{"a":"b"}"#));
    }
}
