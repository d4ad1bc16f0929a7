//! A message of the previous step, as the platform publishes it to the worker's queue.

use anyhow::Result;
use lapin::BasicProperties;
use lapin::types::FieldTable;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{amqp_json, cipher};

/// The delivery mode that survives a broker's restart.
const PERSISTENT: u8 = 2;

/// A message that a test sends to the worker.
#[derive(Clone, Debug)]
pub struct TestMessage {
    body: Vec<u8>,
    headers: Map<String, Value>,
    properties: BasicProperties,
}

impl TestMessage {
    /// A message with this payload, encrypted for protocol version 1.
    #[must_use]
    pub fn new(payload: &Value) -> Self {
        Self::from_text(&payload.to_string())
    }

    /// A message for `customRequest` and its alias: a GET of `path`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new(&json!({ "body": { "method": "GET", "url": path } }))
    }

    /// A message with this plain text, JSON or not, encrypted for protocol version 1.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self::from_body(cipher::encrypt_base64(text.as_bytes()).into_bytes())
    }

    /// A message with this plain text, encrypted for protocol version 2 and with the header that says so.
    #[must_use]
    pub fn from_text_v2(text: &str) -> Self {
        Self::from_body(cipher::encrypt_raw(text.as_bytes())).with_header("protocolVersion", json!(2))
    }

    /// A message with exactly this AMQP body, and the headers that the previous step sets.
    #[must_use]
    pub fn from_body(body: Vec<u8>) -> Self {
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

    /// Sets the AMQP header `name` to `value`; `null` removes it.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: Value) -> Self {
        self.headers.insert(name.to_owned(), value);
        self
    }

    /// Changes the AMQP properties; the headers stay.
    #[must_use]
    pub fn with_properties(self, change: impl FnOnce(BasicProperties) -> BasicProperties) -> Self {
        Self { properties: change(self.properties), ..self }
    }

    /// Removes all AMQP headers.
    #[must_use]
    pub fn without_headers(mut self) -> Self {
        self.headers.clear();
        self
    }

    /// The header `messageId`, if it is set.
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
