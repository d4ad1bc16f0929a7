//! An OAuth2 REST API called politely: requests that never leave its origin with a token, the retry policy, the
//! credential and its refresh, the cooldown after a rate limit. What differs between APIs is a [`Profile`]. Knows no
//! AMQP and no action.

mod access_token;
pub mod address;
pub mod answer;
mod attempt;
mod call_error;
mod client;
mod cooldown;
mod credential;
mod oauth;
mod profile;
mod redirects;
pub mod request;
pub mod retry;
mod retry_after;
mod settings;
mod token_endpoint;
mod token_source;
pub mod transfer;

pub use address::{Address, AddressError};
pub use answer::Answer;
pub use call_error::CallError;
pub use client::{ApiClient, StepCredential};
pub use oauth::OAuth;
pub use profile::{Profile, SettingNames};
pub use request::Request;
pub use retry::RetryFields;
pub use settings::ClientSettings;

use call_error::Problem;
use credential::Credential;
