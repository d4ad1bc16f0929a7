//! Where the platform's API is and how it is called.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use crate::settings::{Reader, variables as v};

/// Where the platform's API is, who calls it, and how often a call is attempted.
#[derive(Clone, Debug)]
pub(crate) struct ApiSettings {
    /// `ELASTICIO_API_URI`
    pub uri: Url,
    /// `ELASTICIO_API_USERNAME`
    pub username: String,
    /// `ELASTICIO_API_KEY`
    pub key: SecretString,
    /// `ELASTICIO_WORKSPACE_ID`
    pub workspace_id: String,
    /// `ELASTICIO_API_REQUEST_RETRY_ATTEMPTS`: attempts, including the first.
    pub attempts: usize,
    /// `ELASTICIO_API_REQUEST_RETRY_DELAY`: wait between two attempts.
    pub delay: Duration,
}

impl ApiSettings {
    /// Reads how to call the platform's API for one workspace.
    pub(crate) fn read(reader: &mut Reader<'_>, workspace_id: &str) -> Self {
        let (attempts, delay) = Self::attempts(reader);
        Self {
            uri: reader.bare_http_url(v::API_URI),
            username: reader.text(v::API_USERNAME),
            key: reader.secret(v::API_KEY),
            workspace_id: workspace_id.to_owned(),
            attempts,
            delay,
        }
    }

    /// The number of attempts per call to the platform, and the wait between them.
    pub(crate) fn attempts(reader: &Reader<'_>) -> (usize, Duration) {
        (reader.bounded(v::API_REQUEST_RETRY_ATTEMPTS, usize::MAX), reader.millis(v::API_REQUEST_RETRY_DELAY))
    }
}
