//! Properties of what the broker sends, and of its addresses.

use lapin::types::FieldTable;

use super::{
    Properties,
    values::{read_table, table_size, write_table},
};
use crate::platform::headers::{Incoming, Value, rebound, to_json};

pub use super::{
    address::fuzzed::amqp_uri,
    wire::fuzzed::{amqp_frames, amqp_headers},
};

/// Headers as lapin has read them: they can be used, and published again as they came.
pub(super) fn headers_of_lapin(table: &FieldTable) {
    let headers = read_table(table);
    let again = write_table(headers.iter().map(|(name, value)| (name.clone().into(), value.clone())).collect());
    assert!(bytes_of(&again) == bytes_of(table), "headers change on their way through");
    assert!(table_size(table) == bytes_of(table).len(), "the size of a table is known");
    let incoming = Incoming::read(&headers);
    let emitted = rebound(&headers, "why", incoming.rebound_iteration.saturating_add(1), 7);
    let properties = Properties::json(emitted, true);
    let written = properties.amqp.headers().as_ref().map(bytes_of).unwrap_or_default();
    assert!(properties.size_is_at_least(written.len()), "properties are not larger than what is known of them");
    for (name, value) in &headers {
        let lower = name.to_ascii_lowercase();
        assert!(!lower.starts_with("x-eio-meta-") || incoming.meta.iter().any(|(meta, _)| *meta == lower));
        check_value(value);
    }
    serde_json::to_string(&to_json(&headers)).expect("headers are JSON for an error handler");
}

fn check_value(value: &Value) {
    let (text, count) = (value.to_text(), value.as_count());
    // Larger numbers have an exponent in JavaScript.
    if let Some(count) = count.filter(|count| *count < 1_000_000_000_000_000) {
        assert!(text == count.to_string(), "a count is written with its digits");
        assert!(count == 0 || value.number_or_one() >= 1.0, "a count is a number");
    }
    assert!(value.clone().given().is_some() || text.is_empty() || text == "null", "only what is empty is not given");
    match value {
        Value::Array(values) => values.iter().for_each(check_value),
        Value::Table(fields) => fields.iter().for_each(|(_, value)| check_value(value)),
        _ => {}
    }
}

/// A table as it is on the wire.
fn bytes_of(table: &FieldTable) -> Vec<u8> {
    let write = lapin::types::generation::gen_field_table(table);
    cookie_factory::gen_simple(write, Vec::new()).expect("memory takes all")
}
