//! Where settings come from: the environment over an optional TOML file.

use std::collections::HashMap;

use config::{Config, Environment, File, FileFormat};

use super::variables;

/// A settings file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the settings file {file} (PODIO_COMPONENT_SETTINGS) cannot be read: {reason}")]
pub struct SourceError {
    /// The file's path.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Values by variable name, whatever its case.
#[derive(Clone, Default)]
pub struct Source(HashMap<String, String>);

impl Source {
    /// The process's environment, over the file that `PODIO_COMPONENT_SETTINGS` names.
    ///
    /// # Errors
    /// When that file cannot be read or is no TOML.
    pub fn from_process() -> Result<Self, SourceError> {
        let file = std::env::var(variables::SETTINGS_FILE.name).ok().filter(|path| !path.is_empty());
        let mut builder = Config::builder();
        if let Some(path) = &file {
            builder = builder.add_source(File::new(path, FileFormat::Toml));
        }
        builder
            .add_source(Environment::default())
            .build()
            .and_then(Config::try_deserialize::<HashMap<String, String>>)
            .map(Self::from_iter)
            .map_err(|error| SourceError { file: file.unwrap_or_default(), reason: error.to_string() })
    }

    /// The value of `name`; unset and empty are the same.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl FromIterator<(String, String)> for Source {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
    }
}
