//! What a step remembers between messages: its snapshot (protocol, sections 14.5 to 14.8). Pure; values stay raw JSON.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    headers::SnapshotEvent,
    json::{Key, Kind, ObjectWriter, RawObject},
};

/// A step's snapshot: a JSON object, with its digits as they were emitted. Clones share it. It may hold content, so its
/// `Debug` output leaves it out.
#[derive(Clone)]
pub struct Snapshot(Arc<RawValue>);

impl Snapshot {
    /// The snapshot that `value` is.
    ///
    /// # Errors
    /// The kind of a value that is not an object.
    pub fn new(value: &RawValue) -> Result<Self, Kind> {
        Ok(Self::of_entries(expect_object(value)?.entries()))
    }

    /// The snapshot as JSON: an object in compact form.
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.0
    }

    /// Reads it into a type of the action's own.
    ///
    /// # Errors
    /// When a field is not of its type. The error may quote a value, so it is not for logs.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.0.get())
    }

    /// What it is after `emitted`: replaced, or with the fields of `emitted` in place of those of their names.
    ///
    /// # Errors
    /// The kind of an `emitted` that is not an object.
    pub(crate) fn after(&self, event: SnapshotEvent, emitted: &RawValue) -> Result<Self, Kind> {
        match event {
            SnapshotEvent::Snapshot => Self::new(emitted),
            SnapshotEvent::UpdateSnapshot => self.merged(emitted),
        }
    }

    fn merged(&self, changes: &RawValue) -> Result<Self, Kind> {
        let changes = expect_object(changes)?;
        let before = expect_object(&self.0)?;
        let known: HashSet<Key<'_>> = before.entries().map(|(name, _)| name).collect();
        let values: HashMap<Key<'_>, &RawValue> = changes.entries().collect();
        let kept = before.entries().map(|(name, value)| {
            let value = values.get(&name).copied().unwrap_or(value);
            (name, value)
        });
        Ok(Self::of_entries(kept.chain(changes.entries().filter(|(name, _)| !known.contains(name)))))
    }

    fn of_entries<'a>(entries: impl Iterator<Item = (Key<'a>, &'a RawValue)>) -> Self {
        let mut json = Vec::new();
        let mut object = ObjectWriter::new(&mut json);
        for (name, value) in entries {
            object.entry(&name, value);
        }
        object.end();
        let text = String::from_utf8(json).expect("JSON is written as UTF-8");
        let raw = RawValue::from_string(text).expect("an object that was read can be written");
        Self(raw.into())
    }
}

fn expect_object(value: &RawValue) -> Result<RawObject<'_>, Kind> {
    RawObject::deserialize(value).map_err(|_| Kind::of(value))
}

impl Default for Snapshot {
    /// The one of a step that remembers nothing yet: `{}`.
    fn default() -> Self {
        let empty = to_raw_value(&serde_json::Map::new()).expect("an empty object is JSON");
        Self(empty.into())
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("bytes", &self.0.get().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    fn after(before: &str, event: SnapshotEvent, emitted: &str) -> Result<String, Kind> {
        let snapshot = Snapshot::new(&raw(before)).expect("an object");
        snapshot.after(event, &raw(emitted)).map(|next| next.raw().get().to_owned())
    }

    #[test]
    fn a_snapshot_replaces_and_an_update_merges_the_top_level_keys() {
        use SnapshotEvent::{Snapshot, UpdateSnapshot};
        for (before, event, emitted, want) in [
            (r#"{"a":1}"#, Snapshot, r#"{ "b": [1, 2] }"#, r#"{"b":[1,2]}"#),
            (r#"{"a":1}"#, Snapshot, "{}", "{}"),
            ("{}", UpdateSnapshot, r#"{"a": 1.50}"#, r#"{"a":1.50}"#),
            (
                r#"{"a":1,"b":{"x":1},"c":3}"#,
                UpdateSnapshot,
                r#"{"d":4,"b":{"y":2}}"#,
                r#"{"a":1,"b":{"y":2},"c":3,"d":4}"#,
            ),
            (
                r#"{"a":12345678901234567890123}"#,
                UpdateSnapshot,
                r#"{"b":null}"#,
                r#"{"a":12345678901234567890123,"b":null}"#,
            ),
            (r#"{"a":1,"a":2}"#, UpdateSnapshot, r#"{"b":1,"b":2}"#, r#"{"a":2,"b":2}"#),
            (r#"{"aA":1}"#, UpdateSnapshot, r#"{"a\u0041":2,"aA":3}"#, r#"{"aA":3}"#),
            (r#"{"a":1}"#, UpdateSnapshot, r#"{"$set":{"a":2}}"#, r#"{"a":1,"$set":{"a":2}}"#),
        ] {
            assert_eq!(after(before, event, emitted).as_deref(), Ok(want), "{before} {event:?} {emitted}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for event in [SnapshotEvent::Snapshot, SnapshotEvent::UpdateSnapshot] {
            for (emitted, kind) in
                [("1", Kind::Number), ("null", Kind::Null), (r#""{}""#, Kind::Text), ("[{}]", Kind::Array)]
            {
                assert_eq!(after(r#"{"a":1}"#, event, emitted), Err(kind), "{emitted}");
            }
        }
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let snapshot = Snapshot::new(&raw(r#"{"token":"sEcReT"}"#)).expect("an object");
        assert_eq!(format!("{snapshot:?}"), "Snapshot { bytes: 18, .. }");
        assert_eq!(Snapshot::default().raw().get(), "{}");
    }
}
