//! Keys of objects, and text, that may hold lone surrogates: valid in JSON, but no characters in Rust.

use std::{borrow::Cow, cmp::Ordering, fmt};

use serde::{Deserializer, de::Visitor};
use serde_json::value::RawValue;

use super::{write_compact, write_string};

/// A key of an object, as compact JSON writes it, so that lone surrogates pass too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key<'a>(Cow<'a, str>);

impl Key<'static> {
    /// The key for this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut json = Vec::with_capacity(text.len() + 2);
        write_string(&mut json, text);
        Self(without_quotes(json).into())
    }
}

impl<'a> Key<'a> {
    /// The key in `raw`, a JSON string.
    pub(super) fn read(raw: &'a str) -> Self {
        match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => Self(plain.into()),
            _ => {
                let mut json = Vec::new();
                write_compact(raw, &mut json);
                Self(without_quotes(json).into())
            }
        }
    }

    /// The key as compact JSON writes it, without its quotes: its text, unless that needs escapes.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The key's text; a lone surrogate is U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        if self.0.contains('\\') { lossy_text(&format!("\"{}\"", self.0)).into() } else { Cow::Borrowed(&self.0) }
    }
}

impl PartialEq<str> for Key<'_> {
    fn eq(&self, text: &str) -> bool {
        // An escape is longer than what it stands for.
        match self.0.len().cmp(&text.len()) {
            Ordering::Less => false,
            Ordering::Equal => self.0 == text && !self.0.contains('\\'),
            Ordering::Greater => self.0.contains('\\') && *self == Key::new(text),
        }
    }
}

/// Compact JSON text of a string without its quotes.
fn without_quotes(mut json: Vec<u8>) -> String {
    json.pop();
    json.drain(..1);
    String::from_utf8_lossy(&json).into_owned()
}

/// The text of a JSON string, as JavaScript writes it in UTF-8: a lone surrogate becomes U+FFFD. `None` when `value` is
/// not a string.
#[must_use]
pub fn text_of(value: &RawValue) -> Option<String> {
    value.get().starts_with('"').then(|| lossy_text(value.get()))
}

fn lossy_text(json: &str) -> String {
    // Read as bytes, in which serde_json encodes a lone surrogate as three bytes that are not UTF-8.
    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }

    if let Ok(text) = serde_json::from_str(json) {
        return text;
    }
    let bytes = serde_json::Deserializer::from_str(json).deserialize_bytes(Bytes).unwrap_or_default();
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // Each of the three bytes of a surrogate is a chunk of its own; one of them begins with 0xED.
        if chunk.invalid().first() == Some(&0xED) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::RawObject, *};

    #[test]
    fn a_key_is_compared_by_its_text() {
        for text in ["a", "", "a\"b\\c\n", "ü😀", "\u{7f}", "a/b"] {
            let json = serde_json::json!({ text: 1 }).to_string();
            let object: RawObject<'_> = serde_json::from_str(&json).expect("an object");
            assert!(object.get(text).is_some(), "{json}");
            let key = object.entries().next().expect("a key").0;
            assert_eq!((key.text().as_ref(), &key), (text, &Key::new(text)));
        }
        let object: RawObject<'_> = serde_json::from_str(r#"{"x\ud800":1}"#).expect("an object");
        assert!(object.get("x\u{fffd}").is_none());
        assert_eq!(object.entries().next().expect("a key").0.text(), "x\u{fffd}");
    }

    #[test]
    fn text_is_read_as_javascript_writes_it() {
        for (json, text) in [
            (r#""a\n\u00fc""#, Some("a\nü")),
            (r#""\ud800a\udc00\ud83d\ude00""#, Some("\u{fffd}a\u{fffd}😀")),
            (r#""\ud800\ud800""#, Some("\u{fffd}\u{fffd}")),
            ("1", None),
            ("null", None),
        ] {
            let raw = RawValue::from_string(json.to_owned()).expect("JSON");
            assert_eq!(text_of(&raw).as_deref(), text, "{json}");
        }
    }
}
