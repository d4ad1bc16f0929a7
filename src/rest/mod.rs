//! A polite client for an OAuth2 REST API. It retries, respects rate limits, refreshes tokens, and never sends a token
//! to another origin. What differs between APIs is in a `Profile`. Knows nothing of AMQP or actions.

mod access_token;
pub mod address;
pub mod answer;
mod attempt;
mod call_error;
mod client;
pub(crate) mod consent;
mod cooldown;
mod credential;
mod early_refresh;
mod events;
mod expiry;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod mask;
mod oauth;
mod own_credential;
mod pace;
mod profile;
mod rate_limit;
pub mod request;
mod retry;
mod retry_after;
mod running_refresh;
mod settings;
mod statuses;
mod time_bound;
mod token_endpoint;
mod token_source;
pub mod transfer;
mod turns;

pub use address::{Address, AddressError};
pub use answer::Answer;
pub use call_error::CallError;
pub use client::ApiClient;
pub use request::Request;
pub use settings::ClientSettings;

pub(crate) use client::StepCredential;
pub(crate) use oauth::OAuth;
pub(crate) use profile::{Profile, SettingNames};
pub(crate) use rate_limit::RateLimitHeaders;
pub(crate) use retry::{ByStatus, RetryFields};
pub(crate) use retry_after::rounded_up;
pub(crate) use statuses::Statuses;

use call_error::Problem;
use credential::Credential;
