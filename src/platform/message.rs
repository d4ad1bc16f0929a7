//! A message as the contract has it (section 5): what comes in, what goes out. Pure; bodies stay raw JSON.

use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::json::{Kind, RawObject, WriteJson, write_string};

/// Why a decrypted payload is no message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not JSON at all, or `null`: rejected without an answer, as the contract's section 3 has it.
    #[error("the payload is not JSON")]
    NotJson,
    /// JSON, but no object: an error message.
    #[error(
        "The message must be a JSON object with a field \"body\", but it is {0}. Check what the step before sends."
    )]
    NotAnObject(Kind),
}

/// An incoming message, borrowed from its decrypted payload.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    fields: RawObject<'a>,
}

impl<'a> Message<'a> {
    /// Reads a decrypted payload.
    ///
    /// # Errors
    /// When it is not JSON, or JSON that is no object.
    pub fn parse(payload: &'a [u8]) -> Result<Self, MessageError> {
        let raw: &RawValue = serde_json::from_slice(payload).map_err(|_| MessageError::NotJson)?;
        match Kind::of(raw) {
            Kind::Object => {}
            Kind::Null => return Err(MessageError::NotJson),
            other => return Err(MessageError::NotAnObject(other)),
        }
        let fields = RawObject::deserialize(raw).map_err(|_| MessageError::NotJson)?;
        Ok(Self { fields })
    }

    /// The body; `None` when the message has none (`null` is a body).
    #[must_use]
    pub fn body(&self) -> Option<&'a RawValue> {
        self.fields.get("body")
    }
}

/// A message that an action emits.
pub struct Outgoing {
    /// Its identity; becomes the AMQP header `messageId` too.
    pub id: Uuid,
    /// What the next step sees as its input.
    pub body: Box<dyn WriteJson>,
}

impl Outgoing {
    /// A fresh message around `body`.
    #[must_use]
    pub fn new(body: impl WriteJson + 'static) -> Self {
        Self { id: Uuid::new_v4(), body: Box::new(body) }
    }

    /// The message as compact JSON text, keys in the reference's order.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        /// Room for the envelope around the body, and for the cipher's padding behind it.
        const ENVELOPE: usize = 160;
        let mut out = Vec::with_capacity(self.body.size_hint() + ENVELOPE);
        out.extend_from_slice(b"{\"id\":");
        write_string(&mut out, &self.id.to_string());
        out.extend_from_slice(b",\"attachments\":{},\"body\":");
        self.body.write_json(&mut out);
        out.extend_from_slice(b",\"headers\":{},\"metadata\":{}}");
        out
    }
}

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
    fn an_outgoing_message_has_the_contracts_keys() {
        let message = Outgoing::new(serde_json::json!({ "a": 1 }));
        let text = String::from_utf8(message.to_json()).expect("UTF-8");
        assert_eq!(
            text,
            format!(r#"{{"id":"{}","attachments":{{}},"body":{{"a":1}},"headers":{{}},"metadata":{{}}}}"#, message.id)
        );
    }
}
