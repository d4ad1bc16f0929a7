//! JSON that is passed on without being rebuilt: raw values, in the form of JavaScript's `JSON.stringify`, but with
//! numbers kept digit by digit (protocol, section 10.11). Knows nothing about messages.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

mod compact;
mod object;

pub use compact::write_compact;
pub use object::ObjectWriter;

/// Something that writes itself as JSON text into a buffer: the body of an outgoing message.
pub trait WriteJson: Send + Sync {
    /// Appends the JSON text.
    fn write_json(&self, out: &mut Vec<u8>);

    /// About how many bytes [`Self::write_json`] appends, to size the buffer once.
    fn size_hint(&self) -> usize;
}

impl WriteJson for serde_json::Value {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_value(out, self);
    }

    fn size_hint(&self) -> usize {
        64
    }
}

impl WriteJson for Box<RawValue> {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_compact(self.get(), out);
    }

    fn size_hint(&self) -> usize {
        self.get().len()
    }
}

/// JSON text that is written as it is. It must be valid and in compact form.
#[derive(Clone, Debug)]
pub struct RawText(pub Vec<u8>);

impl WriteJson for RawText {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn size_hint(&self) -> usize {
        self.0.len()
    }
}

/// Appends any serializable value as JSON.
pub fn write_value<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("writing plain data into memory does not fail");
}

/// Appends `text` as a JSON string.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    write_value(out, text);
}

/// A JSON object whose values are left as they came. Keys keep their order; the last of equal keys wins, as in
/// JavaScript.
#[derive(Clone, Debug, Default)]
pub struct RawObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> RawObject<'a> {
    /// The raw value of `key`; `None` when there is no such key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find_map(|(name, value)| (name == key).then_some(*value))
    }

    /// All entries, in order; of equal keys the last one only.
    pub fn entries(&self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        let later = |index: usize, name: &str| self.0[index + 1..].iter().any(|(other, _)| other == name);
        self.0
            .iter()
            .enumerate()
            .filter(move |(index, (name, _))| !later(*index, name))
            .map(|(_, (name, value))| (name.clone(), *value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(6));
                while let Some(Key(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(RawObject(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// A key: borrowed unless it has escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// What kind of JSON value a raw value is, for error texts and decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// Any number
    Number,
    /// A string
    Text,
    /// An array
    Array,
    /// An object
    Object,
}

impl Kind {
    /// The kind of `value`, from its first byte: a raw value is valid JSON without leading space.
    #[must_use]
    pub fn of(value: &RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::Text,
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Boolean,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_keys_wins_and_values_stay_raw() {
        let object: RawObject<'_> = serde_json::from_str(r#"{"a":1.50,"b\u0041":[1, 2],"a":1E+2}"#).expect("an object");
        assert_eq!(object.get("a").map(RawValue::get), Some("1E+2"));
        assert_eq!(object.get("bA").map(RawValue::get), Some("[1, 2]"));
        let names: Vec<_> = object.entries().map(|(name, _)| name).collect();
        assert_eq!(names, ["bA", "a"]);
        assert!(serde_json::from_str::<RawObject<'_>>("[]").is_err());
    }

    #[test]
    fn the_first_byte_says_the_kind() {
        for (text, kind) in [
            ("null", Kind::Null),
            ("true", Kind::Boolean),
            ("-1", Kind::Number),
            ("\"\"", Kind::Text),
            ("[]", Kind::Array),
            ("{}", Kind::Object),
        ] {
            let raw = RawValue::from_string(text.to_owned()).expect("valid");
            assert_eq!(Kind::of(&raw), kind);
        }
    }
}
