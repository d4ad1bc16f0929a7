//! The fields of the credential and the step that concern Podio, read leniently: flows store what their builders
//! typed (contract, sections 10 and 11).

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::retry::{DEFAULT_DELAY, DEFAULT_RETRIES};
use crate::platform::step::StepData;

/// Bound of `retries`; a larger number counts as this.
pub const MAX_RETRIES: u32 = 1000;
/// Bound of `retriesDelay`; a longer delay counts as this.
pub const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An OAuth2 credential as the platform keeps it: tokens and whatever else the token endpoint answered.
#[derive(Clone)]
pub struct OAuth {
    /// What Podio is called with.
    pub access_token: SecretString,
    /// What a new access token is got with.
    pub refresh_token: Option<SecretString>,
    /// The whole object, tokens included: what is stored after a renewal.
    pub fields: Map<String, Value>,
}

impl OAuth {
    /// Reads the object; `None` when it has no access token. An empty one is told when it is needed.
    #[must_use]
    pub fn read(fields: Map<String, Value>) -> Option<Self> {
        let text = |name: &str| fields.get(name)?.as_str();
        let access_token = text("access_token")?.into();
        let refresh_token = text("refresh_token").filter(|token| !token.is_empty()).map(SecretString::from);
        Some(Self { access_token, refresh_token, fields })
    }
}

impl std::fmt::Debug for OAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth").finish_non_exhaustive()
    }
}

/// `retries` and `retriesDelay` as somebody gave them; `None` where nobody did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryFields {
    /// Number of retries.
    pub retries: Option<u32>,
    /// Delay between them.
    pub delay: Option<Duration>,
}

impl RetryFields {
    /// Reads the two fields of a config; unusable values count as not given, with a warning.
    #[must_use]
    pub fn read(fields: &Map<String, Value>) -> Self {
        let max_delay = u64::try_from(MAX_DELAY.as_millis()).unwrap_or(u64::MAX);
        Self {
            retries: number(fields, "retries", MAX_RETRIES.into()).and_then(|count| u32::try_from(count).ok()),
            delay: number(fields, "retriesDelay", max_delay).map(Duration::from_millis),
        }
    }

    /// These, else `other`, else the defaults.
    #[must_use]
    pub fn or(self, other: Self) -> (u32, Duration) {
        (self.retries.or(other.retries).unwrap_or(DEFAULT_RETRIES), self.delay.or(other.delay).unwrap_or(DEFAULT_DELAY))
    }
}

/// A number, or text that is one. Empty text counts as not given.
fn number(fields: &Map<String, Value>, name: &str, max: u64) -> Option<u64> {
    let given = match fields.get(name)? {
        Value::Null => return None,
        Value::String(text) if text.trim().is_empty() => return None,
        Value::String(text) => text.trim().parse::<f64>().ok(),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    match given {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a finite number of zero or more; beyond u64 it saturates, and `max` follows"
        )]
        Some(number) if number >= 0.0 && number.is_finite() => Some((number as u64).min(max)),
        _ => {
            tracing::warn!(field = name, "the credential's field is not a number of zero or more; the default counts");
            None
        }
    }
}

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
    fn numbers_are_read_leniently() {
        for (given, want) in [
            (json!("3"), Some(3)),
            (json!(0), Some(0)),
            (json!("0"), Some(0)),
            (json!(" 2.9 "), Some(2)),
            (json!(""), None),
            (json!("-1"), None),
            (json!(-1), None),
            (json!("many"), None),
            (json!(null), None),
            (json!(true), None),
            (json!(1e300), Some(MAX_RETRIES)),
        ] {
            assert_eq!(config(json!({ "retries": given })).retry.retries, want, "{given}");
        }
        assert_eq!(config(json!({})).retry.or(RetryFields::default()), (5, Duration::from_secs(10)));
        let fields = RetryFields { retries: Some(1), delay: Some(Duration::ZERO) };
        assert_eq!(config(json!({ "retries": 2 })).retry.or(fields), (2, Duration::ZERO));
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
