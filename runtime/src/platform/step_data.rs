//! What the platform says about the step that this process runs (protocol, sections 2.4 and 2.5): its config with the
//! credential, and whether results carry the messages of the steps before. The config holds tokens, so its `Debug`
//! output leaves it out.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use super::json::Kind;

/// The fields of an OAuth2 credential, tokens included: what the token endpoint returned, and the fields beside it.
pub type OAuthFields = Map<String, Value>;

/// The answer of `GET /v1/tasks/{flow}/steps/{step}`.
#[derive(Clone, Deserialize)]
pub struct StepData {
    /// The credential's and the step's fields; a JSON object, absent for a step without any.
    #[serde(default)]
    config: Option<Box<RawValue>>,
    /// Whether results carry the messages of the steps before; any value but `true` means no.
    #[serde(default, deserialize_with = "is_true")]
    pub is_passthrough: bool,
}

impl StepData {
    /// A step with `config` and nothing else, for runs without a platform.
    #[must_use]
    pub fn with_config(config: Box<RawValue>) -> Self {
        Self { config: Some(config), is_passthrough: false }
    }

    /// `_account` of the config, a string or a number: the account that keeps the step's credential. `None` when it is
    /// missing or empty.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        #[derive(Default, Deserialize)]
        struct Config {
            #[serde(rename = "_account")]
            account: Option<Box<RawValue>>,
        }
        let account = self.config::<Config>().ok()?.account?;
        let account = match Kind::of(&account) {
            Kind::Number => account.get().to_owned(),
            _ => serde_json::from_str(account.get()).ok()?,
        };
        (!account.is_empty()).then_some(account)
    }

    /// `oauth` of the config: the credential that the step carries itself.
    pub(crate) fn oauth(&self) -> Option<OAuthFields> {
        match self.config::<Map<String, Value>>().ok()?.remove("oauth") {
            Some(Value::Object(fields)) => Some(fields),
            _ => None,
        }
    }

    /// Reads the config into the component's own type; a missing config is the default.
    ///
    /// # Errors
    /// When a field is not of its type. The error names the field, never a value.
    pub fn config<T: DeserializeOwned + Default>(&self) -> Result<T, serde_json::Error> {
        match &self.config {
            Some(config) if config.get() != "null" => serde_json::from_str(config.get()),
            _ => Ok(T::default()),
        }
    }
}

/// Whether a value of any kind is `true`.
fn is_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Box::<RawValue>::deserialize(deserializer)?.get() == "true")
}

impl std::fmt::Debug for StepData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepData").field("is_passthrough", &self.is_passthrough).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(json: &str) -> StepData {
        serde_json::from_str(json).expect("step data")
    }

    #[test]
    fn only_true_means_passthrough() {
        assert!(step(r#"{"is_passthrough": true}"#).is_passthrough);
        assert!(!step("{}").is_passthrough);
        for value in ["null", "\"true\"", "1", "\"\"", "0", "false", "{}", "[true]"] {
            assert!(!step(&format!(r#"{{"is_passthrough": {value}}}"#)).is_passthrough, "{value}");
        }
    }

    #[test]
    fn an_account_is_a_string_or_a_number() {
        for (value, account) in [
            ("\"a1\"", Some("a1")),
            ("12345678901234567890", Some("12345678901234567890")),
            ("\"\"", None),
            ("null", None),
            ("[1]", None),
        ] {
            let step = step(&format!(r#"{{"config": {{"_account": {value}}}}}"#));
            assert_eq!(step.account().as_deref(), account, "{value}");
        }
        assert_eq!(step(r#"{"config": null}"#).account(), None);
    }
}
