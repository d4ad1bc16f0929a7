//! What the client has to know about an API.

use std::time::Duration;

use super::rate_limit::RateLimitHeaders;

/// The properties that differ between APIs.
#[derive(Debug)]
pub(crate) struct Profile {
    /// The API's name, for error texts and logs.
    pub(crate) name: &'static str,
    /// What figures call it.
    pub(crate) peer: &'static str,
    /// How its answers say what is left of its rate limit.
    pub(crate) rate_limit: RateLimitHeaders,
    /// The HTTP statuses of a rate limit.
    pub(crate) rate_limit_statuses: &'static [u16],
    /// Finds the wait that the body of such an answer asks for.
    pub(crate) wait_in_body: fn(&[u8]) -> Option<Duration>,
    /// The words of its paths. Whatever else is in a path is content, which no log holds.
    pub(crate) route_words: &'static [&'static str],
    /// The settings that error texts refer to.
    pub(crate) settings: SettingNames,
}

/// The names of settings, for error texts.
#[derive(Debug)]
pub(crate) struct SettingNames {
    /// Client id of the refresh grant.
    pub(crate) client_id: &'static str,
    /// Client secret of the refresh grant.
    pub(crate) client_secret: &'static str,
    /// The token endpoint.
    pub(crate) token_url: &'static str,
    /// Size limit of an answer.
    pub(crate) max_response: &'static str,
    /// The longest time for the calls of one message.
    pub(crate) max_message_time: &'static str,
}

impl Profile {
    /// Whether `status` is a rate limit.
    pub(super) fn is_rate_limit(&self, status: u16) -> bool {
        self.rate_limit_statuses.contains(&status)
    }
}
