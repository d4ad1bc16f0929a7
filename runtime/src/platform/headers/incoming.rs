//! The incoming headers that count (protocol, section 4.1).

use super::{META_PREFIX, TRACE_ID, Value, new_id};
use crate::platform::cipher::Encoding;

/// The incoming headers that count; all others are dropped. Values keep the AMQP type that they came with.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// The message's identity; absent when the sender gave none.
    pub message_id: Option<Value>,
    /// The flow thread: `threadId`, else `x-eio-meta-trace-id`, else a new UUID.
    pub thread_id: Option<Value>,
    /// The step that the message comes from.
    pub step_id: Option<Value>,
    /// Routing key of whoever waits for a reply.
    pub reply_to: Option<Value>,
    /// How the body is encoded, by the header `protocolVersion`.
    pub encoding: Encoding,
    /// How often the message was handed back already.
    pub rebound_iteration: u64,
    /// `traceparent` and `tracestate` (W3C Trace Context), which pass on as they came.
    pub trace: Vec<(&'static str, Value)>,
    /// `x-eio-meta-*`, names in lower case.
    pub meta: Vec<(String, Value)>,
}

/// How often a quorum queue has got the message back (protocol, section 16.18); other queues do not count.
pub(crate) fn delivery_count(headers: &[(String, Value)]) -> Option<u64> {
    headers.iter().find(|(name, _)| name == "x-delivery-count").and_then(|(_, count)| count.as_count())
}

impl Incoming {
    /// Picks what counts from the headers of a delivery.
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
                "traceparent" => incoming.trace.push(("traceparent", value.clone())),
                "tracestate" => incoming.trace.push(("tracestate", value.clone())),
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

    /// The message's identity as text, for the register of messages in progress and for logs.
    #[must_use]
    pub fn message_key(&self) -> Option<String> {
        self.message_id.as_ref().map(Value::to_text)
    }

    /// The same without `x-eio-meta-*`, which may be more than a frame holds.
    pub(crate) fn without_meta(&self) -> Self {
        Self { meta: Vec::new(), ..self.clone() }
    }

    /// The routing key of whoever waits for a reply.
    #[must_use]
    pub fn reply_key(&self) -> Option<String> {
        self.reply_to.as_ref().map(Value::to_text)
    }
}

/// How a body of this `protocolVersion` is encoded: base64 below 2, as JavaScript compares.
fn encoding(version: &Value) -> Encoding {
    if version.number_or_one() < 2.0 { Encoding::Base64 } else { Encoding::Raw }
}
