//! The settings of the client (protocol, sections 1.33, 1.34 and 1.37 to 1.41).

use std::time::Duration;

use elasticio_runtime::http::Reach;
use secrecy::SecretString;
use url::Url;

use super::Request;

/// The addresses of the API and its token endpoint, and the limits of a call.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// The API's base; no request leaves its origin.
    pub(crate) api_url: Url,
    /// The token endpoint.
    pub(crate) token_url: Url,
    /// The page on which a person consents.
    pub(crate) authorize_url: Url,
    /// Client id of the refresh grant.
    pub(crate) client_id: Option<String>,
    /// Client secret of the refresh grant.
    pub(crate) client_secret: Option<SecretString>,
    /// If the API asks for a longer wait, the message is rebounded.
    pub(crate) max_hold: Duration,
    /// The longest time for the calls of one message, retries and waits included.
    pub(crate) max_message_time: Duration,
    /// Size limit of an answer, in bytes.
    pub(crate) max_response: usize,
    /// Number of retries on 5xx and network errors, if it differs from `retries`.
    pub(crate) server_retries: Option<u32>,
    /// Time-out of one call.
    pub(crate) timeout: Duration,
    /// Time-out of a call that transfers a file.
    pub(crate) transfer_timeout: Duration,
    /// Longest time that such a call may stand still.
    pub(crate) stall_timeout: Duration,
    /// The hosts that a file to upload may come from; any without it.
    pub(crate) upload_sources: Option<Reach>,
}

impl ClientSettings {
    /// The rest of the time for the calls of the message that `request` belongs to.
    pub(super) fn time_left(&self, request: &Request) -> Duration {
        self.max_message_time.saturating_sub(request.began.elapsed())
    }
}
