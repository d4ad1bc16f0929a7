//! `email` and `phone`: values, each with a type such as work or home (`settings.possible_types`).

use serde_json::{Map, Value, json};

use super::{Given, Unfit, schema};

/// The type of a value that comes without one, if the field allows it.
const USUAL_TYPE: &str = "work";

/// The settings of such a field.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    types: Vec<String>,
    is_email: bool,
}

impl Typed {
    pub(super) fn emails(settings: &Value) -> Self {
        Self { types: types(settings, &["work", "home", "other"]), is_email: true }
    }

    pub(super) fn phones(settings: &Value) -> Self {
        let all = ["mobile", "work", "home", "main", "work_fax", "private_fax", "other"];
        Self { types: types(settings, &all), is_email: false }
    }

    /// `[{type, value}]`.
    pub(super) fn encode(&self, given: Given<'_>) -> Result<Value, Unfit> {
        given.list().into_iter().map(|given| self.one(given)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    fn one(&self, given: Given<'_>) -> Result<Value, Unfit> {
        let (value, kind) = match given.object() {
            Some(_) => {
                let value =
                    given.property("value").ok_or_else(|| given.must_be("an object with \"type\" and \"value\""))?;
                (value, given.property("type"))
            }
            None => (given, None),
        };
        let text = value.text().map(|text| text.trim().to_owned()).filter(|text| self.is_fit(text));
        let text = text.ok_or_else(|| value.must_be(self.expected()))?;
        let kind = match kind {
            Some(kind) => self.kind(kind)?,
            None => {
                self.types.iter().find(|kind| *kind == USUAL_TYPE).or(self.types.first()).cloned().unwrap_or_default()
            }
        };
        Ok(json!({ "type": kind, "value": text }))
    }

    fn kind(&self, given: Given<'_>) -> Result<String, Unfit> {
        let text = given.word().unwrap_or_default().to_lowercase();
        let known = self.types.iter().find(|kind| **kind == text).cloned();
        known.ok_or_else(|| given.must_be(format!("a type of the field: {}", self.types.join(", "))))
    }

    /// An address has an @ with something on both sides, and no space; more than that only its host knows.
    fn is_fit(&self, text: &str) -> bool {
        if !self.is_email {
            return !text.is_empty() && text != "true" && text != "false";
        }
        let parts = text.rsplit_once('@');
        parts.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty()) && !text.contains(char::is_whitespace)
    }

    fn expected(&self) -> &'static str {
        if self.is_email { "an e-mail address" } else { "a telephone number" }
    }

    /// `[{type, value}]`.
    pub(super) fn decode(values: &[Value]) -> Value {
        values.iter().map(|value| json!({ "type": value["type"], "value": value["value"] })).collect()
    }

    pub(super) fn schema(&self) -> Map<String, Value> {
        let kind = json!({ "type": "string", "title": "Type", "required": false, "enum": self.types });
        let value = json!({ "type": "string", "title": "Value", "required": true });
        let one = json!({ "type": "object", "properties": { "type": kind, "value": value } });
        schema::object(json!({ "type": "array", "items": one }))
    }

    pub(super) fn hint(&self) -> &'static str {
        if self.is_email {
            "An address, or a list of objects with type and value."
        } else {
            "A number, or a list of objects with type and value."
        }
    }
}

fn types(settings: &Value, usual: &[&str]) -> Vec<String> {
    let own = settings["possible_types"].as_array().map(|types| types.iter().filter_map(Value::as_str).collect());
    let own: Vec<&str> = own.unwrap_or_default();
    (if own.is_empty() { usual } else { &own }).iter().map(|kind| (*kind).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::given::tests::with, *};

    fn encode(typed: &Typed, json: &str) -> Result<Value, String> {
        with(json, |given| typed.encode(given).map_err(|unfit| unfit.to_string()))
    }

    #[test]
    fn a_value_alone_gets_the_usual_type() {
        let emails = Typed::emails(&Value::Null);
        assert_eq!(
            encode(&emails, "\" ann@example.com \""),
            Ok(json!([{ "type": "work", "value": "ann@example.com" }]))
        );
        assert_eq!(
            encode(&emails, r#"[{"type":"Home","value":"a@b"},"c@d"]"#),
            Ok(json!([{ "type": "home", "value": "a@b" }, { "type": "work", "value": "c@d" }]))
        );
        let mobiles = Typed::phones(&json!({ "possible_types": ["mobile"] }));
        assert_eq!(encode(&mobiles, "4930123456"), Ok(json!([{ "type": "mobile", "value": "4930123456" }])));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let emails = Typed::emails(&Value::Null);
        for (given, word) in [
            ("\"ann\"", "an e-mail address, but it is \"ann\""),
            ("\"a b@c\"", "an e-mail address"),
            (r#"{"type":"fax","value":"a@b"}"#, "a type of the field: work, home, other, but it is \"fax\""),
            (r#"{"type":"work"}"#, "\"type\" and \"value\""),
            ("[[\"a@b\"]]", "an e-mail address"),
        ] {
            let error = encode(&emails, given).expect_err(given);
            assert!(error.contains(word), "{given}: {error}");
        }
        assert!(encode(&Typed::phones(&Value::Null), "true").is_err());
    }
}
