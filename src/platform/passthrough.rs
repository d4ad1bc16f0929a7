//! What a result carries of the steps before (contract, section 5). Pure: which entries there are, how large their
//! bodies are, how they are written.

use std::borrow::Cow;

use super::{
    json::{RawObject, write_compact, write_string},
    message::{Message, OBJECT_ID},
};

/// One step's message in the passthrough.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The step's id.
    pub step: Cow<'a, str>,
    /// Its message, the body fetched where it lay in object storage.
    pub message: Message<'a>,
    /// `reply_to` of the delivery, which the platform's runtime puts into the headers of the message that came in.
    reply_to: Option<String>,
}

/// What a result carries besides itself, and whether it carries itself.
#[derive(Clone, Debug)]
pub struct Passthrough<'a> {
    /// The steps before.
    pub entries: Vec<Entry<'a>>,
    /// The id under which the result carries itself; `None` with `NO_SELF_PASSTRHOUGH`.
    pub own_step: Option<&'a str>,
}

/// The entries that came in; those that are no objects are dropped.
#[must_use]
pub fn entries<'a>(message: &Message<'a>) -> Vec<Entry<'a>> {
    let carried = message.object("passthrough");
    carried
        .entries()
        .filter_map(|(step, raw)| {
            let message = Message::read(raw).ok()?;
            Some(Entry { step, message, reply_to: None })
        })
        .collect()
}

impl<'a> Passthrough<'a> {
    /// What the results of a message carry.
    ///
    /// `entries`: from [`entries`], bodies fetched. `incoming_step`: the header `stepId`.
    #[must_use]
    pub fn of(
        message: &Message<'a>,
        mut entries: Vec<Entry<'a>>,
        own_step: &'a str,
        no_self: bool,
        incoming_step: Option<String>,
        reply_to: Option<String>,
    ) -> Self {
        if let Some(step) = incoming_step.filter(|_| no_self) {
            entries.retain(|entry| entry.step != step);
            entries.push(Entry { step: step.into(), message: message.clone(), reply_to });
        }
        Self { entries, own_step: (!no_self).then_some(own_step) }
    }

    /// Bytes of the entries' bodies as JSON.
    #[must_use]
    pub fn body_size(&self) -> usize {
        self.entries.iter().filter_map(|entry| entry.message.body()).map(|body| body.get().len()).sum()
    }

    /// Appends `,"passthrough":{…}`. `own` are the fields of the result itself; `object_ids`, one for each entry,
    /// where the entries' bodies were stored, empty when they stay in the message.
    pub fn write(&self, out: &mut Vec<u8>, own: &[u8], object_ids: &[String]) {
        out.extend_from_slice(b",\"passthrough\":{");
        let mut separator = "";
        for (index, entry) in self.entries.iter().enumerate() {
            if self.own_step == Some(entry.step.as_ref()) {
                continue;
            }
            out.extend_from_slice(separator.as_bytes());
            separator = ",";
            write_string(out, &entry.step);
            out.push(b':');
            entry.write(out, object_ids.get(index).map(String::as_str));
        }
        if let Some(step) = self.own_step {
            out.extend_from_slice(separator.as_bytes());
            write_string(out, step);
            out.extend_from_slice(b":{");
            out.extend_from_slice(own);
            out.push(b'}');
        }
        out.push(b'}');
    }
}

impl Entry<'_> {
    /// Writes the message without its own passthrough.
    fn write(&self, out: &mut Vec<u8>, object_id: Option<&str>) {
        out.push(b'{');
        for (name, value) in self.message.fields().entries() {
            if matches!(name.as_ref(), "passthrough" | "body" | "headers") {
                continue;
            }
            write_string(out, &name);
            out.push(b':');
            write_compact(value.get(), out);
            out.push(b',');
        }
        match (object_id, self.message.body()) {
            (Some(_), _) => out.extend_from_slice(b"\"body\":{},"),
            (None, Some(body)) => {
                out.extend_from_slice(b"\"body\":");
                write_compact(body.get(), out);
                out.push(b',');
            }
            (None, None) => {}
        }
        out.extend_from_slice(b"\"headers\":");
        let headers = self.message.object("headers");
        write_headers(out, &headers, &[(OBJECT_ID, object_id), ("reply_to", self.reply_to.as_deref())]);
        out.push(b'}');
    }
}

/// Writes message headers with some set anew.
fn write_headers(out: &mut Vec<u8>, headers: &RawObject<'_>, set: &[(&str, Option<&str>)]) {
    let set: Vec<(&str, &str)> = set.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
    out.push(b'{');
    let mut separator = "";
    for (name, value) in headers.entries() {
        if set.iter().any(|(other, _)| *other == name) {
            continue;
        }
        out.extend_from_slice(separator.as_bytes());
        separator = ",";
        write_string(out, &name);
        out.push(b':');
        write_compact(value.get(), out);
    }
    for (name, value) in set {
        out.extend_from_slice(separator.as_bytes());
        separator = ",";
        write_string(out, name);
        out.push(b':');
        write_string(out, value);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const INCOMING: &str = r#"{"id":"i","body":{"q":1.50},"headers":{"h":1},"passthrough":{"step_1":{"body":{"a": 1},"headers":{},"x":true},"bad":1}}"#;

    fn write(no_self: bool, incoming_step: Option<&str>, object_ids: &[String]) -> Value {
        let message = Message::parse(INCOMING.as_bytes()).expect("a message");
        let entries = entries(&message);
        let passthrough = Passthrough::of(
            &message,
            entries,
            "step_2",
            no_self,
            incoming_step.map(str::to_owned),
            Some("reply".to_owned()),
        );
        let mut out = b"{\"own\":1".to_vec();
        passthrough.write(&mut out, b"\"id\":\"o\"", object_ids);
        out.push(b'}');
        let mut value: Value = serde_json::from_slice(&out).expect("valid JSON");
        value["passthrough"].take()
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
    fn stored_bodies_leave_their_id() {
        let step_1 = json!({ "body": {}, "headers": { OBJECT_ID: "o1" }, "x": true });
        assert_eq!(write(false, None, &["o1".to_owned()]), json!({ "step_1": step_1, "step_2": { "id": "o" } }));
    }
}
