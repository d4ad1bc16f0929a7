//! A step's config: its fields and its credential (protocol, sections 7.5 and 11.1).

use elasticio_runtime::platform::step_data::StepData;
use serde_json::{Map, Value};

use super::{checkbox::is_ticked, error_policy::ErrorSettings, items::ItemSettings};
use crate::rest::{OAuth, RetryFields};

/// The config of a step, as far as this component uses it.
#[derive(Clone, Debug, Default)]
pub struct StepConfig {
    /// `secretId`: the platform keeps the credential.
    pub(crate) secret_id: Option<String>,
    /// `oauth`: the credential itself (legacy).
    pub(crate) oauth: Option<OAuth>,
    /// `objectType`: the type of object to look up or delete, converted to text as by a JavaScript template literal.
    pub(crate) object_type: Option<String>,
    /// `retries` and `retriesDelay`.
    pub(crate) retry: RetryFields,
    /// `safeRetries`: a POST is repeated only if it certainly never reached Podio.
    pub(crate) safe_retries: bool,
    /// What is done about answers that are no success.
    pub(crate) errors: ErrorSettings,
    /// `ifNotFound`: what is done if there is no such file.
    pub(crate) if_not_found: Option<String>,
    /// `emitEmptyIfGone`: what is gone already counts as deleted, and the result is empty.
    pub(crate) empty_if_gone: bool,
    /// The fields of a step that works with items.
    pub(crate) items: ItemSettings,
}

impl StepConfig {
    /// Reads the config. A field of the wrong type is treated as absent.
    #[must_use]
    pub fn read(step: &StepData) -> Self {
        Self::from_fields(step.fields())
    }

    fn from_fields(mut fields: Map<String, Value>) -> Self {
        let text = |name: &str| {
            let value = fields.get(name)?.as_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let flag = |name: &str| is_ticked(fields.get(name));
        Self {
            secret_id: text("secretId"),
            object_type: fields.get("objectType").map(template_text),
            retry: RetryFields::read(&fields),
            safe_retries: flag("safeRetries"),
            errors: ErrorSettings::read(&fields),
            if_not_found: text("ifNotFound"),
            empty_if_gone: flag("emitEmptyIfGone"),
            items: ItemSettings::read(&fields),
            oauth: match fields.remove("oauth") {
                Some(Value::Object(oauth)) => OAuth::read(oauth),
                _ => None,
            },
        }
    }
}

/// Converts a value to text as a JavaScript template literal does.
fn template_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let shown = |item: &Value| if item.is_null() { String::new() } else { template_text(item) };
            items.iter().map(shown).collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map(|number| number.to_string()).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(value: Value) -> StepConfig {
        let Value::Object(fields) = value else { panic!("an object") };
        StepConfig::from_fields(fields)
    }

    #[test]
    fn an_object_type_is_converted_as_by_javascript() {
        for (given, want) in [
            (json!("item"), "item"),
            (json!(""), ""),
            (json!(null), "null"),
            (json!(5), "5"),
            (json!(5.0), "5"),
            (json!(1.5), "1.5"),
            (json!(false), "false"),
            (json!([1, null, ["a"]]), "1,,a"),
            (json!({ "a": 1 }), "[object Object]"),
        ] {
            assert_eq!(config(json!({ "objectType": given })).object_type.as_deref(), Some(want));
        }
        assert_eq!(config(json!({})).object_type, None);
    }

    #[test]
    fn a_malformed_credential_is_treated_as_absent() {
        assert!(config(json!({ "oauth": "x" })).oauth.is_none());
        assert!(config(json!({ "oauth": {} })).oauth.is_none());
        assert!(config(json!({ "oauth": { "access_token": 7 } })).oauth.is_none());
        let config = config(json!({ "oauth": { "access_token": "geheim" }, "safeRetries": true }));
        assert!(config.oauth.is_some() && config.safe_retries);
        assert!(!format!("{config:?}").contains("geheim"));
    }
}
