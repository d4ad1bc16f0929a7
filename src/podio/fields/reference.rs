//! `app`, `contact`, `image` and `file`: other objects, by their ids (`settings.multiple`).

use serde_json::{Map, Value, json};

use super::{Given, Unfit, schema};

/// What a field refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// The key of the id in the object.
    key: &'static str,
    /// What an error calls the id.
    name: &'static str,
    /// Whether a value can have several.
    multiple: bool,
}

impl Reference {
    /// Items of other apps. Podio's default allows several.
    pub(super) fn items(settings: &Value) -> Self {
        Self { key: "item_id", name: "an item's id", multiple: settings["multiple"].as_bool().unwrap_or(true) }
    }

    /// Contacts, by the id of their profile.
    pub(super) fn contacts(settings: &Value) -> Self {
        let multiple = settings["multiple"].as_bool().unwrap_or(true);
        Self { key: "profile_id", name: "a contact's profile id", multiple }
    }

    /// Uploaded files.
    pub(super) fn files() -> Self {
        Self { key: "file_id", name: "the id of an uploaded file", multiple: true }
    }

    /// Whether the filter takes its ids.
    pub(super) fn is_filterable(self) -> bool {
        self.key != "file_id"
    }

    /// The ids.
    pub(super) fn encode(self, given: Given<'_>) -> Result<Value, Unfit> {
        let list = given.list();
        if list.len() > 1 && !self.multiple {
            return Err(given.must_be(format!("{} alone: the field takes no more", self.name)));
        }
        Ok(self.ids(given)?.into())
    }

    /// The ids of any number of objects: numbers, texts of numbers, or objects that hold their id.
    pub(super) fn ids(self, given: Given<'_>) -> Result<Vec<u64>, Unfit> {
        let mut ids = Vec::new();
        for given in given.list() {
            let id = given.property(self.key).unwrap_or(given).whole().filter(|id| *id > 0);
            let id = id.ok_or_else(|| given.must_be(format!("{}, a whole number", self.name)))?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// The id, or a list of ids if there can be several.
    pub(super) fn decode(self, values: &[Value]) -> Value {
        let id = |value: &Value| value["value"].get(self.key).unwrap_or(&value["value"]).clone();
        let mut ids: Vec<Value> = values.iter().map(id).collect();
        if self.multiple || ids.len() > 1 { Value::Array(ids) } else { ids.pop().unwrap_or_default() }
    }

    pub(super) fn schema(self) -> Map<String, Value> {
        let one = json!({ "type": "number" });
        schema::object(if self.multiple { json!({ "type": "array", "items": one }) } else { one })
    }

    pub(super) fn hint(self) -> &'static str {
        match (self.key, self.multiple) {
            ("item_id", true) => "Ids of items.",
            ("item_id", false) => "An item's id.",
            ("profile_id", _) => "Profile ids of contacts.",
            _ => "Ids of uploaded files.",
        }
    }
}

/// The ids of uploaded files.
pub(crate) fn file_ids(given: Given<'_>) -> Result<Vec<u64>, Unfit> {
    Reference::files().ids(given)
}

#[cfg(test)]
mod tests {
    use super::{super::given::tests::with, *};

    fn encode(multiple: bool, json: &str) -> Result<Value, String> {
        let items = Reference::items(&json!({ "multiple": multiple }));
        with(json, |given| items.encode(given).map_err(|unfit| unfit.to_string()))
    }

    #[test]
    fn an_id_is_a_number_or_in_an_object() {
        for given in ["3352054999", "\"3352054999\"", "[3352054999]", "{\"item_id\":3352054999,\"title\":\"x\"}"] {
            assert_eq!(encode(false, given), Ok(json!([3_352_054_999_u64])), "{given}");
        }
        assert_eq!(encode(true, "[2,\"1\",{\"item_id\":2}]"), Ok(json!([2, 1])));
        for (given, word) in [
            ("\"Acme\"", "an item's id"),
            ("0", "an item's id"),
            ("1.5", "whole"),
            ("{\"id\":1}", "whole"),
            ("[1,2]", "alone"),
        ] {
            let error = encode(false, given).expect_err(given);
            assert!(error.contains(word), "{given}: {error}");
        }
    }

    #[test]
    fn objects_are_read_as_their_ids() {
        let values = [json!({ "value": { "item_id": 1, "title": "a" } }), json!({ "value": 2 })];
        assert_eq!(Reference::items(&Value::Null).decode(&values), json!([1, 2]));
        assert_eq!(Reference::items(&json!({ "multiple": false })).decode(&values[..1]), json!(1));
        let files = [json!({ "value": { "file_id": 3 } })];
        assert_eq!(Reference::files().decode(&files), json!([3]));
    }
}
