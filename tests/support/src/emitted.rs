//! What the worker published, decrypted and decoded into JSON.

use anyhow::{Context, Result};
use lapin::BasicProperties;
use serde_json::{Map, Value, json};

use crate::broker::Received;
use crate::{amqp_json, cipher};

/// A message that the worker published.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// The routing key that it was published with.
    pub routing_key: String,
    /// The properties that are set, without the headers.
    pub properties: Value,
    /// The AMQP headers.
    pub headers: Value,
    /// The payload, decrypted.
    pub payload: Value,
    /// The payload as JSON text, decrypted: it has what a JSON value does not keep, such as the digits of a number.
    pub text: String,
}

impl Emitted {
    /// Decodes a message by its routing key: data and rebounds are encrypted as a whole, errors part by part, the copy of an
    /// error for `reply_to` as a whole, snapshots not at all.
    pub fn decode(received: &Received) -> Result<Self> {
        let delivery = &received.delivery;
        let routing_key = delivery.routing_key.to_string();
        let headers = delivery.properties.headers().as_ref().map_or_else(|| json!({}), amqp_json::to_json);
        let text = plain_text(&routing_key, &headers, &delivery.data)
            .with_context(|| format!("a message with the routing key {routing_key} cannot be read"))?;
        let payload = serde_json::from_str(&text)
            .with_context(|| format!("the payload of a message with the routing key {routing_key} is not JSON"))?;
        Ok(Self { routing_key, properties: properties(&delivery.properties), headers, payload, text })
    }

    /// The error's message.
    pub fn error_message(&self) -> Result<&str> {
        let message = self.payload.pointer("/error/message").and_then(Value::as_str);
        message.with_context(|| format!("not an error but {}", self.payload))
    }

    /// The header `name`, if it is a string.
    #[must_use]
    pub fn text_header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.as_str()
    }
}

fn plain_text(routing_key: &str, headers: &Value, body: &[u8]) -> Result<String> {
    match routing_key {
        "error" => decrypt_parts(body),
        "snapshot" => Ok(String::from_utf8(body.to_vec())?),
        _ if headers.get("protocolVersion") == Some(&json!(2)) => cipher::decrypt_raw(body),
        _ => cipher::decrypt_base64(body),
    }
}

/// An error message is plain JSON whose parts are encrypted.
fn decrypt_parts(body: &[u8]) -> Result<String> {
    let parts: Map<String, Value> = serde_json::from_slice(body).context("the body is not a JSON object")?;
    let decrypted = parts.iter().map(|(name, part)| {
        let ciphertext = part.as_str().with_context(|| format!("`{name}` is not a string"))?;
        let text = cipher::decrypt_base64(ciphertext.as_bytes()).with_context(|| format!("`{name}`"))?;
        let value = serde_json::from_str(&text).with_context(|| format!("`{name}` is not JSON when decrypted"))?;
        Ok((name.clone(), value))
    });
    Ok(Value::Object(decrypted.collect::<Result<_>>()?).to_string())
}

fn properties(properties: &BasicProperties) -> Value {
    let text =
        |value: &Option<lapin::types::ShortString>| value.as_ref().map_or(Value::Null, |text| json!(text.as_str()));
    let mut set = json!({
        "content_type": text(properties.content_type()),
        "content_encoding": text(properties.content_encoding()),
        "delivery_mode": properties.delivery_mode(),
        "priority": properties.priority(),
        "correlation_id": text(properties.correlation_id()),
        "reply_to": text(properties.reply_to()),
        "expiration": text(properties.expiration()),
        "message_id": text(properties.message_id()),
        "timestamp": properties.timestamp(),
        "type": text(properties.kind()),
        "user_id": text(properties.user_id()),
        "app_id": text(properties.app_id()),
    });
    if let Some(object) = set.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    set
}
