//! The values that a message gives for an item's fields, as Podio takes them.

use serde_json::{Map, Value, json};

use super::{App, Field, Given, Problems, encode};

/// The values of one message, with the problems that were found in them.
pub(crate) struct Draft<'a> {
    app: &'a App,
    entries: Vec<(&'a Field, Entry)>,
    problems: Problems,
}

/// What a message gives for a field.
enum Entry {
    /// A value, as Podio takes it.
    Value(Value),
    /// An empty value.
    Empty,
    /// A value that the field does not take, which is among the problems.
    Unfit,
}

impl<'a> Draft<'a> {
    /// Reads the object with the fields' values, by external id.
    pub(crate) fn read(app: &'a App, fields: Option<Given<'_>>) -> Self {
        let mut draft = Self { app, entries: Vec::new(), problems: Problems::default() };
        let Some(given) = fields.filter(|given| !given.is_empty()) else { return draft };
        let Some(object) = given.object() else {
            let unfit = given.must_be("an object with a value for each field");
            draft.problems.other(format!("\"fields\" {unfit}"));
            return draft;
        };
        for (name, value) in object.entries() {
            draft.add(&name.text(), Given::new(value));
        }
        draft
    }

    fn add(&mut self, name: &str, given: Given<'_>) {
        let Some(field) = self.app.field(name) else { return self.problems.unknown(name, self.app) };
        if !field.active {
            return self.problems.inactive(field);
        }
        let entry = match (given.is_empty(), field.kind.is_read_only()) {
            // A mapper that passes a whole item on has it there.
            (true, true) => return,
            (false, true) => return self.problems.read_only(field),
            (true, false) => Entry::Empty,
            (false, false) => match encode(field, given) {
                Ok(value) => Entry::Value(value),
                Err(unfit) => {
                    self.problems.unfit(field, &unfit);
                    Entry::Unfit
                }
            },
        };
        self.entries.push((field, entry));
    }

    /// Adds the problems of another part of the message.
    pub(crate) fn with(mut self, problems: Problems) -> Self {
        self.problems.extend(problems);
        self
    }

    /// The problems so far, if there are any.
    pub(crate) fn check(self) -> Result<Self, Problems> {
        if self.problems.is_empty() { Ok(self) } else { Err(self.problems) }
    }

    /// The `fields` of a new item: empty values are left out, and every required field must have one.
    pub(crate) fn for_create(mut self) -> Result<Map<String, Value>, Problems> {
        for field in self.app.active().filter(|field| field.required && !field.kind.is_read_only()) {
            let entry = self.entries.iter().find(|(other, _)| other.external_id == field.external_id);
            if matches!(entry, None | Some((_, Entry::Empty))) {
                self.problems.missing(field);
            }
        }
        self.fields(|| None)
    }

    /// The `fields` of a change: an empty value clears its field.
    pub(crate) fn for_update(mut self) -> Result<Map<String, Value>, Problems> {
        for (field, entry) in &self.entries {
            if field.required && matches!(entry, Entry::Empty) {
                self.problems.missing(field);
            }
        }
        self.fields(|| Some(json!([])))
    }

    fn fields(self, empty: impl Fn() -> Option<Value>) -> Result<Map<String, Value>, Problems> {
        let draft = self.check()?;
        let entries = draft.entries.into_iter().filter_map(|(field, entry)| {
            let value = match entry {
                Entry::Value(value) => value,
                Entry::Empty | Entry::Unfit => empty()?,
            };
            Some((field.external_id.clone(), value))
        });
        Ok(entries.collect())
    }
}

#[cfg(test)]
mod tests;
