//! The AMQP headers of the protocol (section 4): which incoming ones are used, which ones an emit carries. Pure and
//! independent of lapin, so header values have their own type here.

use std::borrow::Cow;

use uuid::Uuid;

mod incoming;
mod outgoing;
mod value;

pub use incoming::Incoming;
pub(crate) use incoming::delivery_count;
pub use outgoing::{ERROR_RESPONSE, EmitHeaders, RETRY, SnapshotEvent, Times, rebound};
pub use value::{Value, to_json};

/// Headers by name, in order of insertion; of equal names the last one wins.
pub type Table = Vec<(Cow<'static, str>, Value)>;

/// Prefix of the platform's meta headers, which every step passes on.
const META_PREFIX: &str = "x-eio-meta-";
/// Meta header that stands in for a missing `threadId`.
const TRACE_ID: &str = "x-eio-meta-trace-id";

/// A new random id, as a header value.
#[must_use]
pub fn new_id() -> Value {
    Value::text(Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        platform::{cipher::Encoding, identity::Identity},
        settings::{Reader, Source},
    };

    const TIMES: Times = Times { start: 1, end: 2 };

    fn headers() -> EmitHeaders {
        let source = Source::from_iter([("ELASTICIO_STEP_ID".to_owned(), "step_2".to_owned())]);
        EmitHeaders::new(&Identity::read(&mut Reader::new(&source)), &[("flowType".into(), "long".into())])
    }

    fn get<'t>(table: &'t Table, name: &str) -> Option<&'t Value> {
        table.iter().rev().find_map(|(key, value)| (key == name).then_some(value))
    }

    #[test]
    fn used_headers_are_kept_with_their_type_and_the_rest_dropped() {
        let incoming = Incoming::read(&[
            ("messageId".into(), Value::I32(7)),
            ("threadId".into(), Value::text("t")),
            ("X-EIO-Meta-Flag".into(), Value::Bool(true)),
            ("other".into(), Value::text("x")),
            ("protocolVersion".into(), Value::text("2")),
        ]);
        assert_eq!(incoming.message_key().as_deref(), Some("7"));
        assert_eq!(incoming.encoding, Encoding::Raw);
        let table = headers().error(&incoming, Value::text("new"), TIMES);
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
        let table = headers().error(&bare, Value::text("new"), TIMES);
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
        let table = headers().startup_error();
        assert!(get(&table, "messageId").is_some());
        assert_eq!(get(&table, "end"), None);
    }

    #[test]
    fn a_rebound_keeps_the_received_headers() {
        let table = rebound(&[("a".into(), Value::U8(1))], "why", 3, 9);
        assert_eq!(get(&table, "a"), Some(&Value::U8(1)));
        assert_eq!(get(&table, "reboundIteration"), Some(&Value::I64(3)));
        assert_eq!(get(&table, "reboundReason"), Some(&Value::text("why")));
    }
}
