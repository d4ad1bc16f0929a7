use std::sync::Arc;

use super::*;
use crate::{large::Claim, platform::message::Fetched};
use serde_json::{Value, json};

const INCOMING: &str = r#"{"id":"i","body":{"q":1.50},"headers":{"h":1},"passthrough":{"step_1":{"body":{"a": 1},"headers":{},"x":true}}}"#;

fn text(incoming: &str, no_self: bool, incoming_step: Option<&str>, object_ids: &[&str]) -> String {
    let message = Message::parse(incoming.as_bytes()).expect("a message");
    let step = incoming_step.map(str::to_owned);
    let mut passthrough =
        Passthrough::of(&message, entries(&message), "step_2", no_self, step, Some("reply".to_owned()));
    let messages = passthrough.entries.iter_mut().filter(|entry| entry.is_message());
    for (entry, id) in messages.zip(object_ids) {
        entry.stored = Some((*id).to_owned());
    }
    let mut out = Vec::new();
    let own = br#"{"id":"o"}"#;
    passthrough.write(&mut out, own);
    assert_eq!(passthrough.written_size(own.len()), out.len());
    String::from_utf8(out).expect("UTF-8")
}

fn write(no_self: bool, incoming_step: Option<&str>, object_ids: &[&str]) -> Value {
    serde_json::from_str(&text(INCOMING, no_self, incoming_step, object_ids)).expect("valid JSON")
}

#[test]
fn results_carry_the_steps_before_and_themselves() {
    let step_1 = json!({ "body": { "a": 1 }, "headers": {}, "x": true });
    assert_eq!(write(false, Some("step_0"), &[]), json!({ "step_1": step_1, "step_2": { "id": "o" } }));
    assert_eq!(
        write(true, Some("step_0"), &[]),
        json!({ "step_1": step_1, "step_0": { "id": "i", "body": { "q": 1.5 }, "headers": { "h": 1, "reply_to": "reply" } } })
    );
    assert_eq!(write(true, None, &[]), json!({ "step_1": step_1 }));
    let replaced = write(true, Some("step_1"), &[]);
    assert_eq!(replaced["step_1"]["id"], "i");
}

#[test]
fn entries_pass_unchanged() {
    let entries = r#"{"a":{"body":1.50},"b":{"headers":null,"body":{}},"c":{"passthrough":{"x":1},"headers":[1]},"d":[1],"e":7,"f":null,"g":{}}"#;
    let incoming = format!(r#"{{"headers":null,"passthrough":{entries}}}"#);
    assert_eq!(text(&incoming, true, None, &[]), entries);
    let own = r#","step_0":{"headers":{"reply_to":"reply"}}}"#;
    let carried = entries.strip_suffix('}').expect("an object");
    assert_eq!(text(&incoming, true, Some("step_0"), &[]), format!("{carried}{own}"));
}

#[test]
fn stored_bodies_are_replaced_by_their_id() {
    let step_1 = json!({ "body": {}, "headers": { OBJECT_ID: "o1" }, "x": true });
    assert_eq!(write(false, None, &["o1"]), json!({ "step_1": step_1, "step_2": { "id": "o" } }));
    let incoming = r#"{"passthrough":{"a":7,"b":{"headers":null,"body":1,"passthrough":2},"c":[],"d":{"body":3}}}"#;
    let stored = format!(
        r#"{{"a":7,"b":{{"passthrough":2,"body":{{}},"headers":{{"{OBJECT_ID}":"o1"}}}},"c":[],"d":{{"body":{{}},"headers":{{"{OBJECT_ID}":"o2"}}}}}}"#
    );
    assert_eq!(text(incoming, true, None, &["o1", "o2"]), stored);
}

#[test]
fn a_fetched_body_is_carried_and_nothing_else_is_changed() {
    let incoming = r#"{"passthrough":{"a":{"headers":{"h":1},"passthrough":{},"body":{}}}}"#;
    let message = Message::parse(incoming.as_bytes()).expect("a message");
    let fetched = RawValue::from_string("[1.50]".to_owned()).expect("JSON");
    let mut entries = entries(&message);
    entries[0].message.set_fetched(Arc::new(Fetched::new(fetched, Claim::default())));
    let mut out = Vec::new();
    Passthrough::of(&message, entries, "step_2", true, None, None).write(&mut out, b"{}");
    let carried = r#"{"a":{"headers":{"h":1},"passthrough":{},"body":[1.50]}}"#;
    assert_eq!(String::from_utf8_lossy(&out), carried);
}

#[test]
fn steps_named_with_escapes_and_lone_surrogates_are_carried_and_replaced() {
    let entries = r#"{"\ud800":{"body":{"\udc00":"\ud800"}},"a\"\\b":1}"#;
    let incoming = format!(r#"{{"\ud800":1,"passthrough":{entries}}}"#);
    assert_eq!(text(&incoming, true, None, &[]), entries);
    let replaced = text(&incoming, true, Some("a\"\\b"), &[]);
    let own = r#""a\"\\b":{"\ud800":1,"headers":{"reply_to":"reply"}}}"#;
    assert_eq!(replaced, format!(r#"{{"\ud800":{{"body":{{"\udc00":"\ud800"}}}},{own}"#));
}
