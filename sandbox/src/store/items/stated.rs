//! What the body of a request states of an item, in any of the forms that Podio accepts.

use serde_json::{Map, Value, json};

use crate::store::body::{Body, MAX_TEXT};
use crate::store::refusal::Refusal;

/// What a body states; what it leaves out stays as it is.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stated<'a> {
    /// Each field's external id or its id in digits, and what is stated for it.
    pub(super) fields: Vec<(String, &'a Value)>,
    /// Empty: the item is to have none.
    pub(super) external_id: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) files: Option<Vec<u64>>,
    /// The revision that an update is meant for.
    pub(super) revision: Option<u64>,
}

impl<'a> Stated<'a> {
    pub(super) fn read(body: &'a Map<String, Value>) -> Result<Self, Refusal> {
        let stated = Body(body);
        let external_id = match body.get("external_id") {
            Some(Value::Null) => Some(String::new()),
            _ => stated.text("external_id", MAX_TEXT)?,
        };
        Ok(Self {
            fields: fields(body.get("fields"))?,
            external_id,
            tags: stated.texts("tags")?,
            files: stated.integers("file_ids")?,
            revision: stated.integer("revision")?,
        })
    }
}

/// The fields of a body: an object (external id or id → values), or a list of objects with `external_id` or `field_id`
/// and `values`.
fn fields(stated: Option<&Value>) -> Result<Vec<(String, &Value)>, Refusal> {
    match stated {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(fields)) => Ok(fields.iter().map(|(name, values)| (name.clone(), values)).collect()),
        Some(Value::Array(fields)) => {
            let name = |field: &Value| match (&field["external_id"], &field["field_id"]) {
                (Value::String(name), _) => Some(name.clone()),
                (_, Value::Number(id)) => Some(id.to_string()),
                _ => None,
            };
            let read = |field| {
                let no_field = || Refusal::invalid("fields", field, "must have external_id or field_id");
                Ok((name(field).ok_or_else(no_field)?, &field["values"]))
            };
            fields.iter().map(read).collect()
        }
        Some(other) => Err(Refusal::invalid("fields", other, "must be object or must be array")),
    }
}

/// The values that are stated for a field of a lenient app: alone or in a list, each bare or in an object.
pub(super) fn any_values(stated: &Value) -> Vec<Value> {
    let one = |value: &Value| if value.is_object() { value.clone() } else { json!({"value": value}) };
    match stated {
        Value::Array(values) => values.iter().map(one).collect(),
        Value::Null => Vec::new(),
        value => vec![one(value)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<Stated<'_>, Refusal> {
        Stated::read(body.as_object().expect("an object"))
    }

    #[test]
    fn fields_are_stated_by_name_or_in_a_list() {
        let by_name = json!({"fields": {"n": [1], "7": "A"}});
        let listed = json!({"fields": [{"field_id": 7, "values": "A"}, {"external_id": "n", "values": [1]}]});
        let expected = vec![("7".to_owned(), &by_name["fields"]["7"]), ("n".to_owned(), &by_name["fields"]["n"])];
        for body in [&by_name, &listed] {
            assert_eq!(read(body).map(|stated| stated.fields), Ok(expected.clone()));
        }
        assert_eq!(read(&json!({"fields": null})), Ok(Stated::default()));
    }

    #[test]
    fn what_is_not_stated_stays_and_null_is_none() {
        let stated = json!({"external_id": null, "tags": ["a"], "file_ids": [1], "revision": 3});
        let expected = Stated {
            fields: Vec::new(),
            external_id: Some(String::new()),
            tags: Some(vec!["a".to_owned()]),
            files: Some(vec![1]),
            revision: Some(3),
        };
        assert_eq!(read(&stated), Ok(expected));
    }

    #[test]
    fn another_type_is_refused_by_name() {
        for (body, name) in [
            (json!({"fields": [{"values": 1}]}), "(fields)"),
            (json!({"fields": "x"}), "(fields)"),
            (json!({"external_id": 7}), "(external_id)"),
            (json!({"tags": "a"}), "(tags)"),
            (json!({"file_ids": ["1"]}), "(file_ids)"),
            (json!({"revision": "1"}), "(revision)"),
        ] {
            let refused = matches!(read(&body), Err(Refusal::Invalid(text)) if text.contains(name));
            assert!(refused, "{body}");
        }
    }

    #[test]
    fn a_lenient_app_takes_values_in_every_form() {
        assert_eq!(any_values(&json!("A")), [json!({"value": "A"})]);
        assert_eq!(any_values(&json!([1, {"start": "x"}])), [json!({"value": 1}), json!({"start": "x"})]);
        assert!(any_values(&Value::Null).is_empty());
    }
}
