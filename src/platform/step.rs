//! What the platform says of the step that this process runs (contract, section 2): its config with the
//! credential, and whether results carry what came before. The config holds tokens: its debug print shows none.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// The answer of `GET /v1/tasks/{flow}/steps/{step}`.
#[derive(Deserialize)]
pub struct StepData {
    /// The credential's and the step's fields; a JSON object, absent for a step without any.
    #[serde(default)]
    config: Option<Box<RawValue>>,
    /// Whether results carry the messages of the steps before.
    #[serde(default)]
    pub is_passthrough: bool,
}

impl StepData {
    /// A step with `config` and nothing else, for runs without a platform.
    #[must_use]
    pub fn with_config(config: Box<RawValue>) -> Self {
        Self { config: Some(config), is_passthrough: false }
    }

    /// `_account` of the config: the account that keeps the step's credential.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        #[derive(Default, Deserialize)]
        struct Config {
            #[serde(rename = "_account")]
            account: Option<String>,
        }
        self.config::<Config>().ok()?.account.filter(|account| !account.is_empty())
    }

    /// Reads the config into a type of the component's own.
    ///
    /// # Errors
    /// Names the field that is not of its type; never a value.
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
