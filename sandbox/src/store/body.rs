//! The parts of a request body, by type. What is absent or `null` is not stated.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// Longest text that has no longer bound of its own, in characters.
pub(super) const MAX_TEXT: usize = 1000;
/// Most entries of a list.
const MAX_LIST: usize = 1000;

/// A request body.
#[derive(Clone, Copy)]
pub(super) struct Body<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Body<'a> {
    /// The value of a key, if it is stated.
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text of at most `longest` characters.
    pub(super) fn text(self, name: &str, longest: usize) -> Result<Option<String>, Refusal> {
        self.get(name).map(|value| text(name, value, longest)).transpose()
    }

    pub(super) fn flag(self, name: &str, default: bool) -> Result<bool, Refusal> {
        let Some(value) = self.get(name) else { return Ok(default) };
        value.as_bool().ok_or_else(|| Refusal::invalid(name, value, "must be boolean"))
    }

    pub(super) fn integer(self, name: &str) -> Result<Option<u64>, Refusal> {
        self.get(name).map(|value| integer(name, value)).transpose()
    }

    /// A number of things, which is as large as a number may be here if it is larger.
    pub(super) fn count(self, name: &str, default: usize) -> Result<usize, Refusal> {
        let count = self.integer(name)?;
        Ok(count.map_or(default, |count| usize::try_from(count).unwrap_or(usize::MAX)))
    }

    pub(super) fn integers(self, name: &str) -> Result<Option<Vec<u64>>, Refusal> {
        self.list(name, integer)
    }

    pub(super) fn texts(self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        self.list(name, |name, value| text(name, value, MAX_TEXT))
    }

    fn list<T>(self, name: &str, read: impl Fn(&str, &Value) -> Result<T, Refusal>) -> Result<Option<Vec<T>>, Refusal> {
        let Some(stated) = self.get(name) else { return Ok(None) };
        let entries = stated.as_array().filter(|entries| entries.len() <= MAX_LIST);
        let not_list = || Refusal::invalid(name, stated, &format!("must be array of at most {MAX_LIST}"));
        let entries = entries.ok_or_else(not_list)?.iter();
        entries.map(|entry| read(name, entry)).collect::<Result<_, _>>().map(Some)
    }
}

fn text(name: &str, value: &Value, longest: usize) -> Result<String, Refusal> {
    let text = value.as_str().filter(|text| text.chars().count() <= longest);
    let not_text = || Refusal::invalid(name, value, &format!("must be string of at most {longest} characters"));
    text.map(str::to_owned).ok_or_else(not_text)
}

fn integer(name: &str, value: &Value) -> Result<u64, Refusal> {
    value.as_u64().ok_or_else(|| Refusal::invalid(name, value, "must be integer"))
}
