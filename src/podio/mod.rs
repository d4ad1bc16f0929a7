//! Everything specific to Podio: names, statuses, settings, and the fields of a step.

use std::sync::Arc;

use elasticio_runtime::{Step, http::ClientError};

use crate::{
    USER_AGENT,
    rest::{ApiClient, ClientSettings, Profile, RateLimitHeaders, SettingNames, StepCredential},
};

mod checkbox;
pub(crate) mod error_policy;
pub(crate) mod fields;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
pub(crate) mod items;
mod rate_limit_text;
mod route_words;
mod sandbox;
mod scope;
mod settings;
mod step_config;
pub(crate) mod variables;

pub(crate) use sandbox::settings as sandbox_settings;
pub(crate) use scope::in_words as scope_in_words;
pub(crate) use settings::read as read_settings;
pub use step_config::StepConfig;

/// The properties of Podio's API.
pub(crate) static PODIO: Profile = Profile {
    name: "Podio",
    peer: "podio",
    rate_limit: RateLimitHeaders {
        limit: "x-rate-limit-limit",
        remaining: "x-rate-limit-remaining",
        pool: rate_limit_pool,
    },
    // 420 is specific to Podio (https://developers.podio.com/index/limits); 429 is the standard (RFC 6585, section 4).
    rate_limit_statuses: &[420, 429],
    wait_in_body: rate_limit_text::requested_wait,
    route_words: route_words::ROUTE_WORDS,
    settings: SettingNames {
        client_id: variables::PODIO_CLIENT_ID.name,
        client_secret: variables::PODIO_CLIENT_SECRET.name,
        token_url: variables::PODIO_TOKEN_URL.name,
        max_response: variables::PODIO_MAX_RESPONSE_SIZE.name,
        max_message_time: variables::PODIO_MAX_MESSAGE_TIME.name,
    },
};

/// Podio's pools: 1000 calls an hour, and 250 for the operations that its documentation marks as rate limited
/// (<https://developers.podio.com/index/limits>). Its answers do not name them.
fn rate_limit_pool(limit: u64) -> &'static str {
    if limit < 1000 { "rate_limited" } else { "general" }
}

/// A client for Podio's API with a step's credential.
///
/// # Errors
/// If TLS cannot be set up.
pub fn client(settings: &ClientSettings, config: &StepConfig, step: &Step) -> Result<Arc<ApiClient>, ClientError> {
    let credential = match (&config.secret_id, &config.oauth) {
        (Some(id), _) => Some(StepCredential::Secret { id: id.clone(), api: step.api.clone() }),
        (None, Some(oauth)) => Some(StepCredential::Own { oauth: oauth.clone(), store: step.credential_store.clone() }),
        (None, None) => None,
    };
    ApiClient::new(USER_AGENT, &PODIO, settings.clone(), credential, config.retry).map(Arc::new)
}
