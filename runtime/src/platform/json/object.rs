//! Writes JSON objects field by field into a buffer; raw values stay raw.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Key, write_compact, write_string, write_value};

/// A JSON object that is being written; [`Self::end`] closes it.
#[derive(Debug)]
pub struct ObjectWriter<'b> {
    out: &'b mut Vec<u8>,
    is_empty: bool,
}

impl<'b> ObjectWriter<'b> {
    /// Starts an object at the end of `out`.
    pub fn new(out: &'b mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// Writes a field's name and returns the buffer, for the caller to append the value.
    pub fn field(&mut self, name: &str) -> &mut Vec<u8> {
        self.separate();
        write_string(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// The same for a name that needs no escapes in JSON, such as those of the protocol and of HTTP headers: the name
    /// is merely copied. Every message has dozens of them.
    pub fn plain_field(&mut self, name: &str) -> &mut Vec<u8> {
        debug_assert!(name.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'), "{name}");
        self.plain_key(name)
    }

    fn plain_key(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.reserve(name.len() + 4);
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// The same for a key that came in.
    pub fn key(&mut self, key: &Key<'_>) -> &mut Vec<u8> {
        self.plain_key(key.as_json())
    }

    /// Writes an entry as it came in, its value in compact form.
    pub fn entry(&mut self, key: &Key<'_>, value: &RawValue) {
        write_compact(value.get(), self.key(key));
    }

    /// Writes a field with a string.
    pub fn text(&mut self, name: &str, text: &str) {
        write_string(self.field(name), text);
    }

    /// Writes a field with a raw value, in compact form.
    pub fn raw(&mut self, name: &str, value: &RawValue) {
        write_compact(value.get(), self.field(name));
    }

    /// Writes a field with any serializable value.
    pub fn value<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        write_value(self.field(name), value);
    }

    /// Writes all fields of `object`, which is a whole JSON object in compact form.
    pub fn fields_of(&mut self, object: &[u8]) {
        let fields = object.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default();
        if !fields.is_empty() {
            self.separate();
            self.out.extend_from_slice(fields);
        }
    }

    /// Closes the object.
    pub fn end(self) {
        self.out.push(b'}');
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_separated_and_escaped() {
        let mut out = b"x".to_vec();
        let mut object = ObjectWriter::new(&mut out);
        object.fields_of(b"{}");
        object.text("a\"", "\n");
        object.value("n", &1);
        object.fields_of(br#"{"b":[],"c":{}}"#);
        object.raw("r", &RawValue::from_string("[1, 2]".to_owned()).expect("JSON"));
        object.end();
        assert_eq!(String::from_utf8_lossy(&out), r#"x{"a\"":"\n","n":1,"b":[],"c":{},"r":[1,2]}"#);
        out.clear();
        ObjectWriter::new(&mut out).end();
        assert_eq!(out, b"{}");
    }
}
