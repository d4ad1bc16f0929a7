//! Why a refresh failed.

use std::time::Duration;

use oauth2::{RequestTokenError, basic::BasicRequestTokenError};

use crate::rest::answer::is_code;

/// The codes that texts may hold: those of RFC 6749, section 5.2, and Podio's. A server may put anything into its code.
const KNOWN_CODES: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "invalid_auth",
    "invalid_second_factor",
    "invalid_token",
    "invalid_value",
    "nonce_validation_error",
    "rate_limit",
    "unauthorized",
];

/// Why a refresh failed. Never contains a token.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::rest) enum RefreshError {
    /// The endpoint refused; the code says why (`invalid_grant`, `invalid_client` …).
    #[error("{api}'s token endpoint answered \"{code}\"")]
    Refused { api: &'static str, code: String },
    /// The endpoint's rate limit.
    #[error("the token endpoint is rate-limited for {} s", .0.as_secs())]
    Limited(Duration),
    /// There was no answer, or the server failed; another attempt may succeed.
    #[error("{api}'s token endpoint gave no answer: {reason}")]
    Unanswered { api: &'static str, reason: String },
    /// The answer is unusable, and another attempt would not help.
    #[error("{api}'s token endpoint gave no usable answer: {reason}")]
    Unusable { api: &'static str, reason: String },
    /// It cannot be called as it is set up: its certificate is not accepted, or it is elsewhere.
    #[error("{api}'s token endpoint cannot be used: {reason}")]
    Misconfigured { api: &'static str, reason: String },
}

impl RefreshError {
    /// Whether the refresh token is no longer valid.
    pub(in crate::rest) fn is_invalid_grant(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "invalid_grant")
    }

    /// Whether another attempt may succeed.
    pub(in crate::rest) fn is_transient(&self) -> bool {
        matches!(self, Self::Unanswered { .. })
    }
}

/// An error of the HTTP call, below OAuth2.
#[derive(Debug, thiserror::Error)]
pub(in crate::rest) enum TransportError {
    #[error("{0}")]
    Unanswered(String),
    #[error("rate-limited")]
    Limited(Duration),
    #[error("{0}")]
    Unusable(String),
    #[error("{0}")]
    Misconfigured(String),
}

/// Converts the error of the `oauth2` crate. It keeps the endpoint's error code but never its prose, which may contain
/// personal data.
pub(super) fn refresh_error(api: &'static str, error: BasicRequestTokenError<TransportError>) -> RefreshError {
    let unusable = |reason: &str| RefreshError::Unusable { api, reason: reason.to_owned() };
    match error {
        RequestTokenError::ServerResponse(refusal) => match refusal.error().as_ref() {
            code if KNOWN_CODES.contains(&code) => RefreshError::Refused { api, code: code.to_owned() },
            code if is_code(code) => unusable("an unknown error code"),
            _ => unusable("a refusal without an error code"),
        },
        RequestTokenError::Request(TransportError::Limited(wait)) => RefreshError::Limited(wait),
        RequestTokenError::Request(TransportError::Unanswered(reason)) => RefreshError::Unanswered { api, reason },
        RequestTokenError::Request(TransportError::Misconfigured(reason)) => {
            RefreshError::Misconfigured { api, reason }
        }
        RequestTokenError::Request(TransportError::Unusable(reason)) | RequestTokenError::Other(reason) => {
            unusable(&reason)
        }
        RequestTokenError::Parse(..) => unusable("it is not the JSON of a token response (RFC 6749, section 5.1)"),
    }
}
