//! Why a refresh failed.

use std::time::Duration;

use oauth2::{RequestTokenError, basic::BasicRequestTokenError};

use crate::rest::answer::is_code;

/// Why a refresh failed. Never holds a token.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::rest) enum RefreshError {
    /// Podio refused: the code says why (`invalid_grant`, `invalid_client` …).
    #[error("{api}'s token endpoint answered \"{code}\"")]
    Refused { api: &'static str, code: String },
    /// Too many token calls.
    #[error("the token endpoint is rate-limited for {} s", .0.as_secs())]
    Limited(Duration),
    /// No answer, or a failure of the server: the next try may do.
    #[error("{api}'s token endpoint gave no answer: {reason}")]
    Unanswered { api: &'static str, reason: String },
    /// An answer that no repetition mends.
    #[error("{api}'s token endpoint gave no usable answer: {reason}")]
    Unusable { api: &'static str, reason: String },
}

impl RefreshError {
    /// Whether the refresh token itself is no longer good.
    pub(in crate::rest) fn is_invalid_grant(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "invalid_grant")
    }

    /// Whether another try may do.
    pub(in crate::rest) fn is_transient(&self) -> bool {
        matches!(self, Self::Unanswered { .. })
    }
}

/// What went wrong below OAuth2.
#[derive(Debug, thiserror::Error)]
pub(in crate::rest) enum Transport {
    #[error("{0}")]
    Unanswered(String),
    #[error("rate-limited")]
    Limited(Duration),
    #[error("{0}")]
    Unusable(String),
}

/// The error of a failed refresh. The endpoint's code is repeated where it is one, never its prose.
pub(super) fn refresh_error(api: &'static str, error: BasicRequestTokenError<Transport>) -> RefreshError {
    let unusable = |reason: &str| RefreshError::Unusable { api, reason: reason.to_owned() };
    match error {
        RequestTokenError::ServerResponse(refusal) => match refusal.error().as_ref() {
            code if is_code(code) => RefreshError::Refused { api, code: code.to_owned() },
            _ => unusable("a refusal without an error code"),
        },
        RequestTokenError::Request(Transport::Limited(wait)) => RefreshError::Limited(wait),
        RequestTokenError::Request(Transport::Unanswered(reason)) => RefreshError::Unanswered { api, reason },
        RequestTokenError::Request(Transport::Unusable(reason)) | RequestTokenError::Other(reason) => unusable(&reason),
        RequestTokenError::Parse(..) => unusable("it is not the JSON of a token response (RFC 6749, section 5.1)"),
    }
}
