//! The fields of a step of this component, and its credential (protocol, sections 7.5 and 11.1).

use elasticio_runtime::platform::step_data::StepData;
use serde_json::{Map, Value};

use crate::rest::{OAuth, RetryFields};

/// What a step's config says to this component.
#[derive(Clone, Debug, Default)]
pub struct StepConfig {
    /// `secretId`: the platform owns the credential.
    pub secret_id: Option<String>,
    /// `oauth`: the credential itself (legacy).
    pub oauth: Option<OAuth>,
    /// `objectType`: the kind of object that the step is about, as a template of JavaScript shows it; `None` when it
    /// is absent.
    pub object_type: Option<String>,
    /// `retries`, `retriesDelay` beside it.
    pub retry: RetryFields,
    /// `safeRetries`: a POST is repeated only where it certainly never reached Podio.
    pub safe_retries: bool,
    /// `dontThrowErrorFlg`: an answer is a result whatever its status.
    pub dont_throw: bool,
}

impl StepConfig {
    /// Reads the config; fields of a wrong type count as not given.
    #[must_use]
    pub fn read(step: &StepData) -> Self {
        let fields: Map<String, Value> = step.config().unwrap_or_else(|_| {
            tracing::warn!("the step's config is not a JSON object; it counts as empty");
            Map::new()
        });
        Self::from_fields(fields)
    }

    fn from_fields(mut fields: Map<String, Value>) -> Self {
        let text = |name: &str| {
            let value = fields.get(name)?.as_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let flag = |name: &str| match fields.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        };
        Self {
            secret_id: text("secretId"),
            object_type: fields.get("objectType").map(template),
            retry: RetryFields::read(&fields),
            safe_retries: flag("safeRetries"),
            dont_throw: flag("dontThrowErrorFlg"),
            oauth: match fields.remove("oauth") {
                Some(Value::Object(oauth)) => OAuth::read(oauth),
                _ => None,
            },
        }
    }
}

/// A value as a template of JavaScript shows it.
fn template(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let shown = |item: &Value| if item.is_null() { String::new() } else { template(item) };
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
    fn an_object_type_is_shown_as_javascript_shows_it() {
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
    fn credentials_of_a_wrong_shape_are_none() {
        assert!(config(json!({ "oauth": "x" })).oauth.is_none());
        assert!(config(json!({ "oauth": {} })).oauth.is_none());
        assert!(config(json!({ "oauth": { "access_token": 7 } })).oauth.is_none());
        let config = config(json!({ "oauth": { "access_token": "geheim" }, "safeRetries": true }));
        assert!(config.oauth.is_some() && config.safe_retries);
        assert!(!format!("{config:?}").contains("geheim"));
    }
}
