//! What tells one API from another, as far as calling it politely is concerned.

use std::time::Duration;

/// The differences between APIs.
#[derive(Debug)]
pub struct Profile {
    /// The API's name, in error texts and logs.
    pub name: &'static str,
    /// The statuses that mean a rate limit.
    pub rate_limit_statuses: &'static [u16],
    /// The wait that the body of such an answer names in words.
    pub wait_in_body: fn(&[u8]) -> Option<Duration>,
    /// The names of the settings that error texts advise to change.
    pub settings: SettingNames,
}

/// Names of settings, for error texts.
#[derive(Debug)]
pub struct SettingNames {
    /// The client id of the refresh grant.
    pub client_id: &'static str,
    /// Its client secret.
    pub client_secret: &'static str,
    /// The token endpoint.
    pub token_url: &'static str,
    /// The largest answer that is kept.
    pub max_response: &'static str,
}

impl Profile {
    /// Whether a status means a rate limit.
    pub(super) fn is_rate_limit(&self, status: u16) -> bool {
        self.rate_limit_statuses.contains(&status)
    }
}
