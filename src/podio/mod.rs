//! Podio's API: requests that never leave its origin with a token, the retry policy, the credential and its renewal,
//! the cooldown after a rate limit. Knows no AMQP and no action.

pub mod address;
pub mod answer;
mod attempt;
pub mod call_error;
pub mod client;
pub mod config;
mod cooldown;
pub mod credential;
mod platform_store;
mod redirects;
mod renewal;
pub mod request;
pub mod retry;
mod token_endpoint;
pub mod transfer;
mod wait;

pub use address::{Address, AddressError};
pub use answer::Answer;
pub use call_error::CallError;
pub use client::Podio;
pub use config::StepConfig;
pub use credential::Credential;
pub use platform_store::PlatformStore;
pub use renewal::{CredentialStore, NoStore, RenewError};
pub use request::Request;
