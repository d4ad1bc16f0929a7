//! The incoming headers that the protocol uses (protocol, section 4.1).

use super::{META_PREFIX, TRACE_ID, Value, new_id};
use crate::platform::cipher::Encoding;

/// The incoming headers that the protocol uses; all others are dropped. Values keep the AMQP type that they came with.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// The message's id; `None` when the sender set none.
    pub message_id: Option<Value>,
    /// The flow thread: `threadId`, else `x-eio-meta-trace-id`, else a new UUID.
    pub thread_id: Option<Value>,
    /// The step that the message comes from.
    pub step_id: Option<Value>,
    /// Routing key of a sender that waits for a reply.
    pub reply_to: Option<Value>,
    /// How the body is encoded, by the header `protocolVersion`.
    pub encoding: Encoding,
    /// How often the message was rebounded already.
    pub rebound_iteration: u64,
    /// `x-eio-meta-*`, names in lower case.
    pub meta: Vec<(String, Value)>,
}

impl Incoming {
    /// Picks them from the headers of a delivery.
    #[must_use]
    pub fn read(headers: &[(String, Value)]) -> Self {
        let mut incoming = Self::default();
        let mut trace_id = None;
        for (name, value) in headers {
            match name.as_str() {
                "messageId" => incoming.message_id = value.clone().given(),
                "threadId" => incoming.thread_id = value.clone().given(),
                "stepId" => incoming.step_id = value.clone().given(),
                "reply_to" => incoming.reply_to = value.clone().given(),
                "protocolVersion" => incoming.encoding = encoding(value),
                "reboundIteration" => incoming.rebound_iteration = value.as_count().unwrap_or(0),
                _ => {
                    let lower = name.to_ascii_lowercase();
                    if lower.starts_with(META_PREFIX) {
                        if lower == TRACE_ID {
                            trace_id = value.clone().given();
                        }
                        incoming.meta.push((lower, value.clone()));
                    }
                }
            }
        }
        incoming.thread_id = incoming.thread_id.or(trace_id).or_else(|| Some(new_id()));
        incoming
    }

    /// The message's id as text, to recognize the message and for logs.
    #[must_use]
    pub fn message_key(&self) -> Option<String> {
        self.message_id.as_ref().map(Value::to_text)
    }

    /// The routing key of the sender that waits for a reply; `None` when it does not.
    #[must_use]
    pub fn reply_key(&self) -> Option<String> {
        self.reply_to.as_ref().map(Value::to_text)
    }
}

/// How a body of this `protocolVersion` is encoded: base64 below 2, as JavaScript compares.
fn encoding(version: &Value) -> Encoding {
    if version.number_or_one() < 2.0 { Encoding::Base64 } else { Encoding::Raw }
}
