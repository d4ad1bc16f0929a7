//! A builder's value as it came in a message, and the forgiving ways to read it. Numbers keep every digit.

use elasticio_runtime::platform::json::{Kind, RawObject, text_of};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Unfit, decimal};

/// Characters of a value in an error text.
const MAX_SHOWN: usize = 60;

/// A value of a message, as raw JSON.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a>(&'a RawValue);

impl<'a> Given<'a> {
    /// A value as it stands in a message.
    pub(crate) fn new(raw: &'a RawValue) -> Self {
        Self(raw)
    }

    /// The raw JSON.
    pub(super) fn raw(self) -> &'a RawValue {
        self.0
    }

    /// `null`, an empty or blank text, `[]` or `{}`: no value.
    pub(crate) fn is_empty(self) -> bool {
        match Kind::of(self.0) {
            Kind::Null => true,
            Kind::Text => text_of(self.0).is_some_and(|text| text.trim().is_empty()),
            Kind::Array => self.elements().is_empty(),
            Kind::Object => self.object().is_some_and(|object| object.entries().next().is_none()),
            Kind::Boolean | Kind::Number => false,
        }
    }

    /// `null`.
    pub(crate) fn is_null(self) -> bool {
        Kind::of(self.0) == Kind::Null
    }

    /// The text; a number or a boolean as it is written.
    pub(crate) fn text(self) -> Option<String> {
        match Kind::of(self.0) {
            Kind::Text => text_of(self.0),
            Kind::Number | Kind::Boolean => Some(self.0.get().to_owned()),
            Kind::Null | Kind::Array | Kind::Object => None,
        }
    }

    /// The text of a value that is one, without the space around it.
    pub(crate) fn word(self) -> Option<String> {
        (Kind::of(self.0) == Kind::Text).then(|| text_of(self.0)).flatten().map(|text| text.trim().to_owned())
    }

    /// A decimal, from a number or a text that is one, in its shortest form without an exponent.
    pub(super) fn decimal(self) -> Option<String> {
        match Kind::of(self.0) {
            Kind::Number => decimal::shortest(self.0.get()),
            _ => decimal::shortest(&self.word()?),
        }
    }

    /// A whole number of at least 0.
    pub(crate) fn whole(self) -> Option<u64> {
        self.decimal()?.parse().ok()
    }

    /// The elements of a list; a single value is a list of one.
    pub(crate) fn list(self) -> Vec<Self> {
        if Kind::of(self.0) == Kind::Array { self.elements() } else { vec![self] }
    }

    fn elements(self) -> Vec<Self> {
        serde_json::from_str::<Vec<&RawValue>>(self.0.get()).unwrap_or_default().into_iter().map(Self).collect()
    }

    /// The object, if it is one.
    pub(crate) fn object(self) -> Option<RawObject<'a>> {
        RawObject::deserialize(self.0).ok()
    }

    /// A property of an object, unless it is empty.
    pub(super) fn property(self, name: &str) -> Option<Self> {
        self.object()?.get(name).map(Self).filter(|value| !value.is_empty())
    }

    /// That it is not what its field takes. `expected` completes "must be …".
    pub(crate) fn must_be(self, expected: impl Into<String>) -> Unfit {
        Unfit { expected: expected.into(), found: self.shown() }
    }

    /// The value for an error text; a long one is cut off.
    pub(crate) fn shown(self) -> String {
        let json = self.0.get();
        match json.char_indices().nth(MAX_SHOWN) {
            None => json.to_owned(),
            Some((end, _)) => format!("{}…", &json[..end]),
        }
    }
}

#[cfg(test)]
#[expect(clippy::redundant_closure_for_method_calls, reason = "a method's path is for one lifetime only")]
pub(super) mod tests {
    use super::*;

    /// Reads a value with `read`.
    pub(in crate::podio) fn with<T>(json: &str, read: impl FnOnce(Given<'_>) -> T) -> T {
        let raw = RawValue::from_string(json.to_owned()).expect("JSON");
        read(Given::new(&raw))
    }

    #[test]
    fn what_is_empty_and_what_is_not() {
        for empty in ["null", "\"\"", "\" \"", "[]", "{}"] {
            assert!(with(empty, |given| given.is_empty()), "{empty}");
        }
        for full in ["0", "false", "\"0\"", "[null]", "{\"a\":null}"] {
            assert!(!with(full, |given| given.is_empty()), "{full}");
        }
    }

    #[test]
    fn numbers_are_read_from_text_too() {
        assert_eq!(with("12345678901234567890", |given| given.whole()), Some(12_345_678_901_234_567_890));
        assert_eq!(with("\" 42 \"", |given| given.whole()), Some(42));
        assert_eq!(with("42.0", |given| given.whole()), Some(42));
        for bad in ["-1", "4.2", "\"four\"", "true", "[4]"] {
            assert_eq!(with(bad, |given| given.whole()), None, "{bad}");
        }
    }

    #[test]
    fn a_long_value_is_cut_off_between_characters() {
        let shown = with(&format!("\"{}\"", "ü".repeat(100)), |given| given.shown());
        assert_eq!(shown, format!("\"{}…", "ü".repeat(59)));
    }
}
