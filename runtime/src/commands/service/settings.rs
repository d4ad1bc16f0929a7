//! The settings of `service`. The error texts are the reference's, since the platform shows them.

use std::time::Duration;

use url::Url;

use crate::{
    platform::api::ApiSettings,
    settings::{
        Reader, Source,
        variables::{self as v, Variable},
    },
};

/// What every call needs.
#[derive(Clone, Debug)]
pub(super) struct ServiceSettings {
    /// The platform's API.
    pub(super) api: ApiSettings,
    /// `ELASTICIO_CFG`, as it came.
    pub(super) config: ConfigText,
}

/// A config as text. It holds tokens, so its `Debug` output does not show it.
#[derive(Clone)]
pub(super) struct ConfigText(String);

impl std::ops::Deref for ConfigText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ConfigText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// A setting of a one-shot call is missing or malformed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ServiceSettingsError {
    /// It is unset.
    #[error("{0} is not provided")]
    Missing(&'static str),
    /// It is not an address.
    #[error("{0} is not an http or https address")]
    NotAnAddress(&'static str),
}

/// Everything that is wrong with the settings of a one-shot call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServiceSettingsErrors(Vec<ServiceSettingsError>);

impl std::fmt::Display for ServiceSettingsErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl std::error::Error for ServiceSettingsErrors {}

impl ServiceSettings {
    /// Reads what every call needs.
    ///
    /// # Errors
    /// Names all variables that are missing or malformed.
    pub(super) fn read(source: &Source) -> Result<Self, ServiceSettingsErrors> {
        let (config, uri) = (required(source, v::CFG), address(source, v::API_URI));
        let (username, key) = (required(source, v::API_USERNAME), required(source, v::API_KEY));
        let (config, uri, username, key) = match (config, uri, username, key) {
            (Ok(config), Ok(uri), Ok(username), Ok(key)) => (ConfigText(config), uri, username, key),
            (config, uri, username, key) => {
                let problems = [config.err(), uri.err(), username.err(), key.err()];
                return Err(ServiceSettingsErrors(problems.into_iter().flatten().collect()));
            }
        };
        let (attempts, delay) = Self::attempts(source);
        let api = ApiSettings {
            uri,
            username,
            key: key.into(),
            workspace_id: source.get(v::WORKSPACE_ID.name).unwrap_or_default().to_owned(),
            attempts,
            delay,
        };
        Ok(Self { api, config })
    }

    /// Where the result is posted.
    ///
    /// # Errors
    /// When it is missing or not an address.
    pub(super) fn post_result_url(source: &Source) -> Result<Url, ServiceSettingsError> {
        address(source, v::POST_RESULT_URL)
    }

    /// The action or trigger that the call is about.
    ///
    /// # Errors
    /// When it is missing.
    pub(super) fn function(source: &Source) -> Result<String, ServiceSettingsError> {
        required(source, v::ACTION_OR_TRIGGER)
    }

    /// The method that returns the choices.
    ///
    /// # Errors
    /// When it is missing.
    pub(super) fn model_method(source: &Source) -> Result<String, ServiceSettingsError> {
        required(source, v::GET_MODEL_METHOD)
    }

    /// The number of attempts per call to the platform, and the wait between them.
    #[must_use]
    pub(super) fn attempts(source: &Source) -> (usize, Duration) {
        ApiSettings::attempts(&Reader::new(source))
    }
}

fn required(source: &Source, variable: Variable) -> Result<String, ServiceSettingsError> {
    source.get(variable.name).map(str::to_owned).ok_or(ServiceSettingsError::Missing(variable.name))
}

fn address(source: &Source, variable: Variable) -> Result<Url, ServiceSettingsError> {
    Url::parse(&required(source, variable)?)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or(ServiceSettingsError::NotAnAddress(variable.name))
}
