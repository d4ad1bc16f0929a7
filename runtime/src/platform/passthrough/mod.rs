//! The passthrough: the messages of the steps before that a result carries (protocol, sections 5.5 and 5.6). Pure:
//! which entries there are, how large they are, how they are written.

use serde_json::value::RawValue;

use super::{
    json::{Key, Kind, ObjectWriter, write_compact, write_string},
    message::{Message, OBJECT_ID},
};

#[cfg(test)]
mod tests;

/// One step's message in the passthrough.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    /// The step's id.
    pub step: Key<'a>,
    /// Its message, with the body from object storage if it is there; empty when the entry is not a message.
    pub message: Message<'a>,
    /// The id of the object that the body was moved to; `None` when the body is written with the entry.
    pub stored: Option<String>,
    provenance: Provenance<'a>,
}

/// Where an entry comes from.
#[derive(Clone, Debug)]
enum Provenance<'a> {
    /// An entry of the incoming passthrough, as received: an object if it is a message, but it may be any JSON.
    Carried(&'a RawValue),
    /// The incoming message. Like the platform's runtime, this one adds the delivery's `reply_to` to its headers.
    Incoming { reply_to: Option<String> },
}

/// Which entries a result carries, and whether it also carries itself.
#[derive(Clone, Debug)]
pub(crate) struct Passthrough<'a> {
    /// The messages of the steps before.
    pub entries: Vec<Entry<'a>>,
    /// The id under which the result carries itself; `None` with `NO_SELF_PASSTRHOUGH`.
    pub own_step: Option<&'a str>,
}

/// The entries of the incoming passthrough.
#[must_use]
pub(crate) fn entries<'a>(message: &Message<'a>) -> Vec<Entry<'a>> {
    let entry = |(step, raw)| {
        let message = Message::read(raw).unwrap_or_default();
        Entry { step, message, stored: None, provenance: Provenance::Carried(raw) }
    };
    message.object("passthrough").entries().map(entry).collect()
}

impl<'a> Passthrough<'a> {
    /// The passthrough for the results of `message`.
    ///
    /// `entries`: from [`entries`], with their bodies fetched. `incoming_step`: the header `stepId`.
    #[must_use]
    pub(crate) fn of(
        message: &Message<'a>,
        mut entries: Vec<Entry<'a>>,
        own_step: &'a str,
        no_self: bool,
        incoming_step: Option<String>,
        reply_to: Option<String>,
    ) -> Self {
        if let Some(step) = incoming_step.filter(|_| no_self) {
            let step = Key::new(&step);
            entries.retain(|entry| entry.step != step);
            let provenance = Provenance::Incoming { reply_to };
            entries.push(Entry { step, message: message.clone(), stored: None, provenance });
        }
        Self { entries, own_step: (!no_self).then_some(own_step) }
    }

    /// About how many bytes the entries take as JSON, to size a buffer once.
    #[must_use]
    pub(crate) fn size_hint(&self) -> usize {
        self.entries.iter().map(Entry::size_hint).sum()
    }

    /// Bytes that [`Self::write`] appends for a result of `own` bytes. Takes no more memory than the largest entry.
    #[must_use]
    pub(crate) fn written_size(&self, own: usize) -> usize {
        let mut entry = Vec::new();
        let mut size_of = |write: &dyn Fn(&mut Vec<u8>)| {
            entry.clear();
            write(&mut entry);
            // The colon, and the comma or the brace behind it.
            entry.len() + 2
        };
        let entries = self.carried().map(|entry| {
            let key = entry.step.as_json().len() + 2;
            key + size_of(&|out| entry.write(out))
        });
        let entries: usize = entries.sum();
        let own = self.own_step.map_or(0, |step| own + size_of(&|out| write_string(out, step)));
        1 + (entries + own).max(1)
    }

    /// The entries that are written besides the result itself.
    fn carried(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| self.own_step.is_none_or(|own| entry.step != *own))
    }

    /// Writes the entries as an object. `own` is the result itself, as a whole JSON object.
    pub(crate) fn write(&self, out: &mut Vec<u8>, own: &[u8]) {
        let mut object = ObjectWriter::new(out);
        for entry in self.carried() {
            entry.write(object.key(&entry.step));
        }
        if let Some(step) = self.own_step {
            object.field(step).extend_from_slice(own);
        }
        object.end();
    }
}

impl Entry<'_> {
    /// Whether it is a message, whose body can be in object storage.
    #[must_use]
    pub(crate) fn is_message(&self) -> bool {
        match self.provenance {
            Provenance::Carried(raw) => Kind::of(raw) == Kind::Object,
            Provenance::Incoming { .. } => true,
        }
    }

    /// The body as compact JSON; `null` when it has none.
    #[must_use]
    pub(crate) fn compact_body(&self) -> Vec<u8> {
        let mut json = Vec::new();
        write_compact(self.message.body().map_or("null", RawValue::get), &mut json);
        json
    }

    fn size_hint(&self) -> usize {
        let body = self.message.body().map_or(0, |body| body.get().len());
        match self.provenance {
            Provenance::Carried(raw) => raw.get().len().max(body),
            Provenance::Incoming { .. } => body,
        }
    }

    /// Writes the entry as received, except for a body that was fetched or stored. The incoming message is written
    /// without its own passthrough and always with headers, as the platform's runtime does.
    fn write(&self, out: &mut Vec<u8>) {
        let (carried, reply_to) = match &self.provenance {
            Provenance::Carried(raw) => (Some(raw), None),
            Provenance::Incoming { reply_to } => (None, reply_to.as_deref()),
        };
        if let Some(raw) = carried
            && self.stored.is_none()
            && !self.message.is_fetched()
        {
            return write_compact(raw.get(), out);
        }
        let new_headers = carried.is_none() || self.stored.is_some();
        let mut object = ObjectWriter::new(out);
        for (name, value) in self.message.fields().entries() {
            match name.as_json() {
                "body" => {}
                "headers" if new_headers => {}
                "passthrough" if carried.is_none() => {}
                _ => object.entry(&name, value),
            }
        }
        match (&self.stored, self.message.body()) {
            (Some(_), _) => object.field("body").extend_from_slice(b"{}"),
            (None, Some(body)) => object.raw("body", body),
            (None, None) => {}
        }
        if new_headers {
            self.write_headers(object.field("headers"), reply_to);
        }
        object.end();
    }

    /// Writes the message's headers, with the id of a stored body and `reply_to` replaced.
    fn write_headers(&self, out: &mut Vec<u8>, reply_to: Option<&str>) {
        let set = [(OBJECT_ID, self.stored.as_deref()), ("reply_to", reply_to)];
        let set = set.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let mut object = ObjectWriter::new(out);
        for (name, value) in self.message.object("headers").entries() {
            if set.clone().all(|(other, _)| name != *other) {
                object.entry(&name, value);
            }
        }
        for (name, value) in set {
            object.text(name, value);
        }
        object.end();
    }
}
