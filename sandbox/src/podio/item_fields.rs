//! The forms in which a request may give an item's fields.

use serde_json::{Value, json};

/// The fields of a request, by name, with their values in the form of an answer. Podio takes an object (name → values)
/// or a list of objects with `external_id` or `field_id` and `values`; a value may stand alone or in a list, bare or
/// in an object.
pub(super) fn fields(given: Option<&Value>) -> Vec<(String, Value)> {
    match given {
        Some(Value::Object(fields)) => fields.iter().map(|(name, given)| (name.clone(), values(given))).collect(),
        Some(Value::Array(fields)) => {
            let name = |field: &Value| match (&field["external_id"], &field["field_id"]) {
                (Value::String(name), _) => Some(name.clone()),
                (_, Value::Number(id)) => Some(id.to_string()),
                _ => None,
            };
            fields.iter().filter_map(|field| Some((name(field)?, values(&field["values"])))).collect()
        }
        _ => Vec::new(),
    }
}

fn values(given: &Value) -> Value {
    let one = |value: &Value| if value.is_object() { value.clone() } else { json!({"value": value}) };
    match given {
        Value::Array(values) => values.iter().map(one).collect(),
        Value::Null => json!([]),
        value => json!([one(value)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_comes_to_the_same() {
        let expected = vec![("n".to_owned(), json!([{"value": 1}])), ("title".to_owned(), json!([{"value": "A"}]))];
        let by_name = json!({"n": [1], "title": "A"});
        let listed = json!([{"external_id": "n", "values": 1}, {"external_id": "title", "values": [{"value": "A"}]}]);
        assert_eq!(fields(Some(&by_name)), expected);
        assert_eq!(fields(Some(&listed)), expected);
    }

    #[test]
    fn ids_are_names_and_what_names_no_field_is_left_out() {
        let given = json!([{"field_id": 901, "values": {"start": "2026-09-01"}}, {"values": 1}]);
        assert_eq!(fields(Some(&given)), [("901".to_owned(), json!([{"start": "2026-09-01"}]))]);
        assert_eq!(fields(Some(&json!({"n": null}))), [("n".to_owned(), json!([]))]);
        assert!(fields(None).is_empty());
    }
}
