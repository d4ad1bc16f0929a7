//! How an API is called (protocol, sections 1.33, 1.34 and 1.37 to 1.40).

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Where the API and its token endpoint are, and the bounds of a call.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// The API's base; no request leaves its origin.
    pub api_url: Url,
    /// The token endpoint.
    pub token_url: Url,
    /// Client id of the refresh grant.
    pub client_id: Option<String>,
    /// Client secret of the refresh grant.
    pub client_secret: Option<SecretString>,
    /// A longer wait rebounds the message.
    pub max_hold: Duration,
    /// Bytes of the largest answer that is kept.
    pub max_response: usize,
    /// Retries on 5xx and network errors, when they have a number of their own.
    pub server_retries: Option<u32>,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Longest time that a file may take to pass.
    pub transfer_timeout: Duration,
}
