//! The token that a request is sent with, or why there is none.

use std::time::Duration;

use elasticio_runtime::stop::Stopped;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::retry::RetryFields;

/// What a request is sent with.
#[derive(Debug)]
pub(super) struct AccessToken {
    token: SecretString,
    /// The header that carries the token, marked so that no library prints it.
    pub(super) authorization: HeaderValue,
    /// `retries` and `retriesDelay` that came with it.
    pub(super) retry: RetryFields,
}

impl AccessToken {
    /// A token that a header can hold.
    pub(super) fn new(token: SecretString, retry: RetryFields) -> Result<Self, TokenError> {
        if token.expose_secret().is_empty() {
            return Err(TokenError::NoWay("the credential's access token is empty".to_owned()));
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_| {
            TokenError::NoWay("the credential's access token has characters that no HTTP header can hold".to_owned())
        })?;
        authorization.set_sensitive(true);
        Ok(Self { token, authorization, retry })
    }

    /// Whether `token` is this one.
    pub(super) fn is(&self, token: &SecretString) -> bool {
        self.token.expose_secret() == token.expose_secret()
    }

    /// Whether both are the same token.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.is(&other.token)
    }
}

/// Why there is no usable token. Never holds one.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum TokenError {
    /// The platform did not return the secret.
    #[error("{0}")]
    Secret(String),
    /// There is nothing to get a new token with, or it is one that no request can carry.
    #[error("{0}")]
    NoWay(String),
    /// The token endpoint refused the refresh token or the client.
    #[error("{0}")]
    Refused(String),
    /// The token endpoint is rate-limited for this long.
    #[error("the token endpoint is rate-limited for {} s", .0.as_secs())]
    Limited(Duration),
    /// The worker stops before there was one.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
