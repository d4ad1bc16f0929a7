//! One message of the previous step, as the platform lays it into the worker's queue.

use anyhow::Result;
use lapin::BasicProperties;
use lapin::types::FieldTable;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{amqp_json, seal};

/// The delivery mode that survives a broker's restart.
const PERSISTENT: u8 = 2;

/// An AMQP body with its headers, ready to be published.
#[derive(Clone, Debug)]
pub struct Input {
    body: Vec<u8>,
    headers: Map<String, Value>,
    properties: BasicProperties,
}

impl Input {
    /// A message whose payload is `payload`, encrypted for protocol version 1.
    #[must_use]
    pub fn new(payload: &Value) -> Self {
        Self::of_text(&payload.to_string())
    }

    /// A message for `customRequest` and its alias: a GET of `path`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new(&json!({ "body": { "method": "GET", "url": path } }))
    }

    /// A message whose plain text is `text`, JSON or not, encrypted for protocol version 1.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self::of_body(seal::text(text.as_bytes()).into_bytes())
    }

    /// The same for protocol version 2, with the header that says so.
    #[must_use]
    pub fn of_text_raw(text: &str) -> Self {
        Self::of_body(seal::raw(text.as_bytes())).with_header("protocolVersion", json!(2))
    }

    /// A message with this AMQP body, as it is, and the headers that the previous step would give it.
    #[must_use]
    pub fn of_body(body: Vec<u8>) -> Self {
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf8".into())
            .with_delivery_mode(PERSISTENT);
        Self { body, headers: Map::new(), properties }
            .with_header("execId", json!("exec1"))
            .with_header("taskId", json!("flow1"))
            .with_header("userId", json!("user1"))
            .with_header("stepId", json!("step_1"))
            .with_header("threadId", json!("thread1"))
            .with_header("messageId", json!(Uuid::new_v4().to_string()))
    }

    /// With the AMQP header `name` set to `value`; `null` takes it away.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: Value) -> Self {
        self.headers.insert(name.to_owned(), value);
        self
    }

    /// With other AMQP properties than the usual ones; the headers stay.
    #[must_use]
    pub fn with_properties(self, change: impl FnOnce(BasicProperties) -> BasicProperties) -> Self {
        Self { properties: change(self.properties), ..self }
    }

    /// Without any AMQP header.
    #[must_use]
    pub fn without_headers(mut self) -> Self {
        self.headers.clear();
        self
    }

    /// Its header `messageId`, if it has one.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.headers.get("messageId")?.as_str()
    }

    /// The AMQP body, as it is sent.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn properties(&self) -> Result<BasicProperties> {
        let properties = self.properties.clone();
        let headers: FieldTable = amqp_json::from_json(&self.headers)?;
        Ok(if self.headers.is_empty() { properties } else { properties.with_headers(headers) })
    }
}
