//! JSON that is passed on without being rebuilt: raw values, in the form of JavaScript's `JSON.stringify`, but with
//! numbers kept digit by digit (protocol, section 10.11). Knows nothing about messages.

use std::fmt;

use serde_json::value::RawValue;

mod compact;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;
mod key;
mod object;
mod raw_object;

pub use compact::write_compact;
pub use key::{Key, text_of};
pub use object::ObjectWriter;
pub use raw_object::RawObject;

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
