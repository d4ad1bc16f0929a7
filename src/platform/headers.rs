//! The AMQP headers of the contract (section 4): which incoming ones count, what an emit carries. Pure; knows no
//! AMQP client, so header values have a type of their own here.

use std::borrow::Cow;

use uuid::Uuid;

use super::cipher::Encoding;

mod value;

pub use value::{Value, to_json};

/// Headers by name, in order of insertion; of equal names the later one counts.
pub type Table = Vec<(Cow<'static, str>, Value)>;

/// Prefix of the platform's meta headers, which every step passes on.
const META_PREFIX: &str = "x-eio-meta-";
/// Meta header that stands in for a missing `threadId`.
const TRACE_ID: &str = "x-eio-meta-trace-id";
/// Marks the copy of an error that goes to whoever waits for a reply.
pub const ERROR_RESPONSE: &str = "x-eio-error-response";

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
    /// `x-eio-meta-*`, names in lower case.
    pub meta: Vec<(String, Value)>,
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

    /// The message's identity as text, for the register of messages in work and for logs.
    #[must_use]
    pub fn message_key(&self) -> Option<String> {
        self.message_id.as_ref().map(Value::to_text)
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

/// A new random identity, as a header value.
#[must_use]
pub fn new_id() -> Value {
    Value::text(&Uuid::new_v4().to_string())
}

/// The headers that are the same on everything a process sends: who it is, and the additional variables.
#[derive(Clone, Debug)]
pub struct Origin(Table);

impl Origin {
    /// `identity`: the fixed header names with their values; `additional`: the variables that
    /// `ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS` names, as (header name, value).
    #[must_use]
    pub fn new(identity: Vec<(&'static str, String)>, additional: Vec<(String, String)>) -> Self {
        let additional = additional.into_iter().map(|(name, value)| (Cow::Owned(name), Value::text(&value)));
        let identity = identity.into_iter().map(|(name, value)| (Cow::Borrowed(name), Value::text(&value)));
        Self(additional.chain(identity).collect())
    }

    /// Headers of an error that belongs to no message: a failure at start.
    #[must_use]
    pub fn startup_error(&self) -> Table {
        let mut table = self.0.clone();
        table.push(("messageId".into(), new_id()));
        table
    }

    /// Headers of an emit for a message; `start` and `end` are milliseconds since the epoch, `message_id` a new
    /// UUID or the emitted message's `id`.
    #[must_use]
    pub fn emit(&self, incoming: &Incoming, message_id: Value, start: i64, end: i64) -> Table {
        let mut table = Table::with_capacity(self.0.len() + incoming.meta.len() + 8);
        for (name, value) in &incoming.meta {
            table.push((name.clone().into(), value.clone()));
        }
        table.extend(self.0.iter().cloned());
        if let Some(reply_to) = &incoming.reply_to {
            table.push(("reply_to".into(), reply_to.clone()));
        }
        if let Some(parent) = &incoming.message_id {
            table.push(("parentMessageId".into(), parent.clone()));
        }
        if let Some(thread) = &incoming.thread_id {
            table.push(("threadId".into(), thread.clone()));
        }
        table.push(("messageId".into(), message_id));
        table.push(("start".into(), Value::I64(start)));
        table.push(("end".into(), Value::I64(end)));
        table
    }
}

/// The headers of a rebound: as received, plus why, when and how often (contract, section 6).
#[must_use]
pub fn rebound(received: &[(String, Value)], reason: &str, iteration: u64, end: i64) -> Table {
    let iteration = i64::try_from(iteration).unwrap_or(i64::MAX);
    let mut table: Table = received.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.clone())).collect();
    table.push(("end".into(), Value::I64(end)));
    table.push(("reboundReason".into(), Value::text(reason)));
    table.push(("reboundIteration".into(), Value::I64(iteration)));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin::new(
            vec![("execId", "exec1".into()), ("stepId", "step_2".into())],
            vec![("flowType".into(), "long".into())],
        )
    }

    fn get<'t>(table: &'t Table, name: &str) -> Option<&'t Value> {
        table.iter().rev().find_map(|(key, value)| (key == name).then_some(value))
    }

    #[test]
    fn what_counts_is_kept_with_its_type_and_the_rest_dropped() {
        let incoming = Incoming::read(&[
            ("messageId".into(), Value::I32(7)),
            ("threadId".into(), Value::text("t")),
            ("X-EIO-Meta-Flag".into(), Value::Bool(true)),
            ("other".into(), Value::text("x")),
            ("protocolVersion".into(), Value::text("2")),
        ]);
        assert_eq!(incoming.message_key().as_deref(), Some("7"));
        assert_eq!(incoming.encoding, Encoding::Raw);
        let table = origin().emit(&incoming, Value::text("new"), 1, 2);
        assert_eq!(get(&table, "parentMessageId"), Some(&Value::I32(7)));
        assert_eq!(get(&table, "x-eio-meta-flag"), Some(&Value::Bool(true)));
        assert_eq!(get(&table, "flowType"), Some(&Value::text("long")));
        assert_eq!(get(&table, "start"), Some(&Value::I64(1)));
        assert_eq!(get(&table, "other"), None);
    }

    #[test]
    fn a_thread_comes_from_the_trace_or_is_new() {
        let traced = Incoming::read(&[("x-eio-meta-trace-id".into(), Value::text("trace"))]);
        assert_eq!(traced.thread_id, Some(Value::text("trace")));
        for nothing in [Value::text(""), Value::Void] {
            let incoming = Incoming::read(&[("x-eio-meta-trace-id".into(), nothing)]);
            assert_eq!(incoming.thread_id.map(|id| id.to_text().len()), Some(36), "a new UUID");
        }
        let bare = Incoming::read(&[]);
        assert!(bare.thread_id.is_some() && bare.message_id.is_none());
        let table = origin().emit(&bare, Value::text("new"), 1, 2);
        assert_eq!(get(&table, "parentMessageId"), None);
    }

    #[test]
    fn protocol_versions_compare_as_in_javascript() {
        let encoding = |value| Incoming::read(&[("protocolVersion".into(), value)]).encoding;
        for value in [
            Value::I32(1),
            Value::I64(0),
            Value::I8(-3),
            Value::F64(1.5),
            Value::text("1"),
            Value::text(" 0 "),
            Value::text(""),
            Value::Short("1.9".into()),
            Value::Void,
            Value::Bool(true),
            Value::Bool(false),
        ] {
            assert_eq!(encoding(value.clone()), Encoding::Base64, "{value:?}");
        }
        for value in [
            Value::I32(2),
            Value::U8(3),
            Value::F32(2.5),
            Value::text("2"),
            Value::text("2.0"),
            Value::text("abc"),
            Value::Table(Vec::new()),
        ] {
            assert_eq!(encoding(value.clone()), Encoding::Raw, "{value:?}");
        }
        assert_eq!(Incoming::read(&[]).encoding, Encoding::Base64);
    }

    #[test]
    fn an_error_at_start_has_no_times_and_a_new_id() {
        let table = origin().startup_error();
        assert!(get(&table, "messageId").is_some());
        assert_eq!(get(&table, "end"), None);
    }

    #[test]
    fn a_rebound_keeps_what_came() {
        let table = rebound(&[("a".into(), Value::U8(1))], "why", 3, 9);
        assert_eq!(get(&table, "a"), Some(&Value::U8(1)));
        assert_eq!(get(&table, "reboundIteration"), Some(&Value::I64(3)));
        assert_eq!(get(&table, "reboundReason"), Some(&Value::text("why")));
    }
}
