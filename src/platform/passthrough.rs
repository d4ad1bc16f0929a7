//! What a result carries of the steps before (contract, section 5). Pure: which entries there are, how large their
//! bodies are, how they are written.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    json::{Kind, RawObject, write_compact, write_string},
    message::{Message, OBJECT_ID},
};

#[cfg(test)]
mod tests;

/// One step's message in the passthrough.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The step's id.
    pub step: Cow<'a, str>,
    /// Its message, the body fetched where it lay in object storage; empty when the entry is no message.
    pub message: Message<'a>,
    origin: Origin<'a>,
}

/// Where an entry comes from.
#[derive(Clone, Debug)]
enum Origin<'a> {
    /// It came in as an entry, like this: an object if it is a message, but it may be anything.
    Carried(&'a RawValue),
    /// It is the message that came in. The platform's runtime puts `reply_to` of the delivery into its headers.
    Incoming { reply_to: Option<String> },
}

/// What a result carries besides itself, and whether it carries itself.
#[derive(Clone, Debug)]
pub struct Passthrough<'a> {
    /// The steps before.
    pub entries: Vec<Entry<'a>>,
    /// The id under which the result carries itself; `None` with `NO_SELF_PASSTRHOUGH`.
    pub own_step: Option<&'a str>,
}

/// The entries that came in.
#[must_use]
pub fn entries<'a>(message: &Message<'a>) -> Vec<Entry<'a>> {
    let entry = |(step, raw)| {
        let message = Message::read(raw).unwrap_or_default();
        Entry { step, message, origin: Origin::Carried(raw) }
    };
    message.object("passthrough").entries().map(entry).collect()
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
            let origin = Origin::Incoming { reply_to };
            entries.push(Entry { step: step.into(), message: message.clone(), origin });
        }
        Self { entries, own_step: (!no_self).then_some(own_step) }
    }

    /// About how many bytes the entries have as JSON; used to size a buffer once.
    #[must_use]
    pub fn size_hint(&self) -> usize {
        self.entries.iter().map(Entry::size_hint).sum()
    }

    /// Appends `,"passthrough":{…}`. `own` are the fields of the result itself; `object_ids`, one for each entry that
    /// is a message, where the entries' bodies were stored, empty when they stay in the message.
    pub fn write(&self, out: &mut Vec<u8>, own: &[u8], object_ids: &[String]) {
        out.extend_from_slice(b",\"passthrough\":{");
        let mut separator = "";
        let mut object_ids = object_ids.iter();
        for entry in &self.entries {
            let object_id = if entry.is_message() { object_ids.next() } else { None };
            if self.own_step == Some(entry.step.as_ref()) {
                continue;
            }
            out.extend_from_slice(separator.as_bytes());
            separator = ",";
            write_string(out, &entry.step);
            out.push(b':');
            entry.write(out, object_id.map(String::as_str));
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
    /// Whether it is a message, so that its body can lie in object storage.
    #[must_use]
    pub fn is_message(&self) -> bool {
        match self.origin {
            Origin::Carried(raw) => Kind::of(raw) == Kind::Object,
            Origin::Incoming { .. } => true,
        }
    }

    fn size_hint(&self) -> usize {
        let body = self.message.body().map_or(0, |body| body.get().len());
        match self.origin {
            Origin::Carried(raw) => raw.get().len().max(body),
            Origin::Incoming { .. } => body,
        }
    }

    /// Writes the entry as it came, but for a body that was fetched or stored; the message that came in without its
    /// own passthrough, and with headers whatever came, as the platform's runtime hands it on.
    fn write(&self, out: &mut Vec<u8>, object_id: Option<&str>) {
        let (came, reply_to) = match &self.origin {
            Origin::Carried(raw) => (Some(raw), None),
            Origin::Incoming { reply_to } => (None, reply_to.as_deref()),
        };
        if let Some(came) = came
            && object_id.is_none()
            && !self.message.is_fetched()
        {
            return write_compact(came.get(), out);
        }
        let new_headers = came.is_none() || object_id.is_some();
        out.push(b'{');
        let mut separator = "";
        let mut name_field = |out: &mut Vec<u8>, name: &str| {
            out.extend_from_slice(separator.as_bytes());
            separator = ",";
            write_string(out, name);
            out.push(b':');
        };
        for (name, value) in self.message.fields().entries() {
            match name.as_ref() {
                "body" => continue,
                "headers" if new_headers => continue,
                "passthrough" if came.is_none() => continue,
                other => name_field(out, other),
            }
            write_compact(value.get(), out);
        }
        let body = if object_id.is_some() { Some("{}") } else { self.message.body().map(RawValue::get) };
        if let Some(body) = body {
            name_field(out, "body");
            write_compact(body, out);
        }
        if new_headers {
            name_field(out, "headers");
            write_headers(out, &self.message.object("headers"), &[(OBJECT_ID, object_id), ("reply_to", reply_to)]);
        }
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
