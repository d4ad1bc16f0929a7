//! The forms in which a request may state an item's fields.

use serde_json::{Value, json};

/// One field of an item.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    /// A list of objects, as Podio shows them.
    pub(super) values: Value,
}

/// The fields that a request states. Podio accepts an object (name → values) or a list of objects with `external_id` or
/// `field_id` and `values`; a value may be alone or in a list, and bare or in an object.
pub(super) fn fields(stated: Option<&Value>) -> Vec<Field> {
    match stated {
        Some(Value::Object(fields)) => {
            fields.iter().map(|(name, stated)| Field { name: name.clone(), values: values(stated) }).collect()
        }
        Some(Value::Array(fields)) => {
            let name = |field: &Value| match (&field["external_id"], &field["field_id"]) {
                (Value::String(name), _) => Some(name.clone()),
                (_, Value::Number(id)) => Some(id.to_string()),
                _ => None,
            };
            let read = |field: &Value| Some(Field { name: name(field)?, values: values(&field["values"]) });
            fields.iter().filter_map(read).collect()
        }
        _ => Vec::new(),
    }
}

fn values(stated: &Value) -> Value {
    let one = |value: &Value| if value.is_object() { value.clone() } else { json!({"value": value}) };
    match stated {
        Value::Array(values) => values.iter().map(one).collect(),
        Value::Null => json!([]),
        value => json!([one(value)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, values: Value) -> Field {
        Field { name: name.to_owned(), values }
    }

    #[test]
    fn every_form_states_the_same() {
        let expected = [field("n", json!([{"value": 1}])), field("title", json!([{"value": "A"}]))];
        let by_name = json!({"n": [1], "title": "A"});
        let listed = json!([{"external_id": "n", "values": 1}, {"external_id": "title", "values": [{"value": "A"}]}]);
        assert_eq!(fields(Some(&by_name)), expected);
        assert_eq!(fields(Some(&listed)), expected);
    }

    #[test]
    fn ids_are_names_and_an_entry_without_a_name_is_left_out() {
        let stated = json!([{"field_id": 901, "values": {"start": "2026-09-01"}}, {"values": 1}]);
        assert_eq!(fields(Some(&stated)), [field("901", json!([{"start": "2026-09-01"}]))]);
        assert_eq!(fields(Some(&json!({"n": null}))), [field("n", json!([]))]);
        assert!(fields(None).is_empty());
    }
}
