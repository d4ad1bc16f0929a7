//! What the platform says about the step that this process runs (protocol, sections 2.4 and 2.5): its config with the
//! credential, its snapshot, and whether results carry the messages of the steps before. The config holds tokens, so its
//! `Debug` output leaves it out.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use super::{
    json::{Key, Kind, RawObject},
    snapshot::Snapshot,
};

/// The fields of an OAuth2 credential, tokens included: what the token endpoint returned, and the fields beside it.
pub type OAuthFields = Map<String, Value>;

/// The answer of `GET /v1/tasks/{flow}/steps/{step}`.
#[derive(Clone)]
pub struct StepData {
    /// The credential's and the step's fields; a JSON object, absent for a step without any.
    config: Option<Box<RawValue>>,
    /// What the step remembers; any JSON value, absent if there is none.
    snapshot: Option<Box<RawValue>>,
    /// Whether results carry the messages of the steps before; any value but `true` means no.
    pub is_passthrough: bool,
}

/// Why an answer is not step data. Names what is wrong, never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepDataError {
    /// There is no answer's body.
    #[error("it is empty")]
    Empty,
    /// A proxy or another server may have answered.
    #[error("it is a web page (HTML), not JSON")]
    WebPage,
    /// Anything else that is not JSON.
    #[error("it is not JSON")]
    NotJson,
    /// JSON of another kind.
    #[error("it is {0}, not an object with \"config\"")]
    NotAnObject(Kind),
    /// `config` is of another kind.
    #[error("its \"config\" is {0}, not an object")]
    Config(Kind),
    /// There is no `config`, which a component with a credential needs.
    #[error("its \"config\" with the credential is missing")]
    NoConfig,
}

impl StepData {
    /// Reads the platform's answer.
    pub(super) fn read(answer: &[u8]) -> Result<Self, StepDataError> {
        let json: &RawValue = serde_json::from_slice(answer).map_err(|_| match answer.trim_ascii_start().first() {
            None => StepDataError::Empty,
            Some(b'<') => StepDataError::WebPage,
            Some(_) => StepDataError::NotJson,
        })?;
        let kind = Kind::of(json);
        let object = RawObject::deserialize(json).map_err(|_| StepDataError::NotAnObject(kind))?;
        let config = match object.get("config").map(|config| (Kind::of(config), config)) {
            None | Some((Kind::Null, _)) => None,
            Some((Kind::Object, config)) => Some(config.to_owned()),
            Some((kind, _)) => return Err(StepDataError::Config(kind)),
        };
        let snapshot = object.get("snapshot").map(ToOwned::to_owned);
        Ok(Self {
            config,
            snapshot,
            is_passthrough: object.get("is_passthrough").is_some_and(|flag| flag.get() == "true"),
        })
    }

    /// The same data, if it has a config.
    pub(super) fn with_its_config(self) -> Result<Self, StepDataError> {
        if self.config.is_some() { Ok(self) } else { Err(StepDataError::NoConfig) }
    }

    /// A step with `config` and nothing else, for runs without a platform.
    #[must_use]
    pub fn with_config(config: Box<RawValue>) -> Self {
        Self { config: Some(config), snapshot: None, is_passthrough: false }
    }

    /// The same step, with these fields of the config in place of those of their names.
    #[must_use]
    pub(crate) fn with_fields(self, fields: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut fields = fields.into_iter().peekable();
        if fields.peek().is_none() {
            return self;
        }
        let mut config = self.fields();
        config.extend(fields);
        Self { config: serde_json::value::to_raw_value(&config).ok(), ..self }
    }

    /// The snapshot with which the step starts (protocol, section 14.5); empty if there is none.
    ///
    /// # Errors
    /// The kind of a snapshot that is not an object.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Kind> {
        match &self.snapshot {
            Some(snapshot) if Kind::of(snapshot) != Kind::Null => Snapshot::new(snapshot),
            _ => Ok(Snapshot::default()),
        }
    }

    /// `_account` of the config, a string or a number: the account that keeps the step's credential. `None` when it is
    /// missing or empty.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        let account = self.raw_config().get("_account")?;
        let account = match Kind::of(account) {
            Kind::Number => account.get().to_owned(),
            _ => serde_json::from_str(account.get()).ok()?,
        };
        (!account.is_empty()).then_some(account)
    }

    /// `oauth` of the config: the credential that the step carries itself.
    pub(crate) fn oauth(&self) -> Option<OAuthFields> {
        serde_json::from_str(self.raw_config().get("oauth")?.get()).ok()
    }

    /// The config's fields. One that `serde_json` cannot read (a lone surrogate, a number beyond `f64`, more than 127
    /// levels) is left out: what a flow's builder has put into one field hides no other.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        let config = self.raw_config();
        let readable =
            |(name, raw): (Key<'_>, &RawValue)| Some((name.text().into_owned(), serde_json::from_str(raw.get()).ok()?));
        config.entries().filter_map(readable).collect()
    }

    fn raw_config(&self) -> RawObject<'_> {
        let config = self.config.as_ref().and_then(|config| RawObject::deserialize(&**config).ok());
        config.unwrap_or_default()
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

impl std::fmt::Debug for StepData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepData").field("is_passthrough", &self.is_passthrough).finish_non_exhaustive()
    }
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;

#[cfg(test)]
mod tests {
    use super::*;

    fn step(json: &str) -> StepData {
        StepData::read(json.as_bytes()).expect("step data")
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
    fn an_answer_of_another_kind_says_what_is_wrong() {
        for (answer, problem) in [
            ("", StepDataError::Empty),
            (" \n", StepDataError::Empty),
            ("\n<!doctype html><p>Log in", StepDataError::WebPage),
            ("Bad gateway", StepDataError::NotJson),
            (r#"{"config": {}"#, StepDataError::NotJson),
            (r#"{"config": {}} x"#, StepDataError::NotJson),
            ("null", StepDataError::NotAnObject(Kind::Null)),
            (r#"[{"config": {}}]"#, StepDataError::NotAnObject(Kind::Array)),
            ("\"{}\"", StepDataError::NotAnObject(Kind::Text)),
            ("7", StepDataError::NotAnObject(Kind::Number)),
            (r#"{"config": []}"#, StepDataError::Config(Kind::Array)),
            (r#"{"config": "{}"}"#, StepDataError::Config(Kind::Text)),
            (r#"{"config": false}"#, StepDataError::Config(Kind::Boolean)),
            (r#"{"config": {}, "config": 1}"#, StepDataError::Config(Kind::Number)),
        ] {
            assert_eq!(StepData::read(answer.as_bytes()).err(), Some(problem), "{answer}");
        }
        assert_eq!(StepData::read(b"\xff{}").err(), Some(StepDataError::NotJson));
        for without in ["{}", r#"{"config": null}"#, r#"{"snapshot": {}, "Config": {}}"#] {
            assert_eq!(step(without).with_its_config().err(), Some(StepDataError::NoConfig), "{without}");
        }
        assert!(step(r#"{"config": {}}"#).with_its_config().is_ok());
    }

    #[test]
    fn only_an_object_is_a_snapshot() {
        for (json, snapshot) in [
            ("{}", Ok("{}")),
            (r#"{"snapshot": null}"#, Ok("{}")),
            (r#"{"snapshot": {"at": 1.50}}"#, Ok(r#"{"at":1.50}"#)),
            (r#"{"snapshot": "{}"}"#, Err(Kind::Text)),
            (r#"{"snapshot": [1]}"#, Err(Kind::Array)),
        ] {
            let read = step(json).snapshot().map(|snapshot| snapshot.raw().get().to_owned());
            assert_eq!(read.as_deref().map_err(|kind| *kind), snapshot, "{json}");
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
