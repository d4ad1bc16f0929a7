//! The access token that a request carries, or the reason why there is none.

use std::time::{Duration, SystemTime};

use elasticio_runtime::stop::Stopped;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::retry::RetryFields;

/// An access token, ready to be sent.
#[derive(Debug)]
pub(super) struct AccessToken {
    token: SecretString,
    /// The `Authorization` header, marked sensitive so that no library prints it.
    pub(super) authorization: HeaderValue,
    /// The `retries` and `retriesDelay` that came with the token.
    pub(super) retry: RetryFields,
    /// When it should be refreshed, if its credential says when it expires.
    due: Option<Instant>,
    /// When it expires, if its credential says so.
    pub(super) expires: Option<SystemTime>,
}

impl AccessToken {
    /// A token that should be refreshed in `due_in`, if that is known. Fails if the token is empty or does not fit into a
    /// header.
    pub(super) fn new(token: SecretString, retry: RetryFields, due_in: Option<Duration>) -> Result<Self, TokenError> {
        if token.expose_secret().is_empty() {
            return Err(TokenError::Unavailable("the credential's access token is empty".to_owned()));
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_| {
            TokenError::Unavailable(
                "the credential's access token has characters that no HTTP header can hold".to_owned(),
            )
        })?;
        authorization.set_sensitive(true);
        let due = due_in.and_then(|wait| Instant::now().checked_add(wait));
        Ok(Self { token, authorization, retry, due, expires: None })
    }

    /// The same token, which expires then.
    pub(super) fn expiring(self, expires: Option<SystemTime>) -> Self {
        Self { expires, ..self }
    }

    /// Whether it should be refreshed, since it soon expires.
    pub(super) fn is_due(&self) -> bool {
        self.due.is_some_and(|due| Instant::now() >= due)
    }

    /// The token itself.
    pub(super) fn secret(&self) -> SecretString {
        self.token.clone()
    }

    /// Whether this is `token`.
    pub(super) fn is(&self, token: &SecretString) -> bool {
        self.token.expose_secret() == token.expose_secret()
    }
}

/// What helps when a token is no longer valid.
pub(super) const AUTHORIZE_AGAIN: &str = " Authorize the credential again on the platform.";

/// Why there is no usable token. Never contains a token.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum TokenError {
    /// The platform did not return the secret.
    #[error("{0}")]
    Secret(String),
    /// The platform refused the secret for good.
    #[error("{0}")]
    SecretRefused(String),
    /// There is no way to get a token, or the token fits into no header.
    #[error("{0}")]
    Unavailable(String),
    /// The token endpoint refused the refresh token or the client, for good.
    #[error("{0}")]
    Refused(String),
    /// The token endpoint gave no answer, or failed.
    #[error("{0}")]
    Unanswered(String),
    /// The token endpoint cannot be called as it is set up; the text says what to change.
    #[error("{0}")]
    Misconfigured(String),
    /// The token endpoint is rate-limited for this long.
    #[error("the token endpoint is rate-limited for {} s", .0.as_secs())]
    Limited(Duration),
    /// The worker stopped before there was a token.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl TokenError {
    /// Whether the same refresh would fail again.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::SecretRefused(_) | Self::Misconfigured(_))
    }

    /// What the flow's owner can do about it, after a text that ends with a full stop.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Secret(_) => " Check the credential on the platform, or authorize it again.",
            Self::Unanswered(_) => " Try again later.",
            Self::Misconfigured(_) => "",
            _ => AUTHORIZE_AGAIN,
        }
    }
}
