//! The error of a call to the platform's API.

use reqwest::{StatusCode, Url};
use serde::Deserialize;

use crate::{
    http::SendError,
    platform::{json::write_compact, step_data::StepDataError},
};

/// The most bytes of an answer in an error text.
const MAX_QUOTED: usize = 64 * 1024;

/// Why a call to the platform's API failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It answered, but not with success.
    #[error("the platform's API answered {status} to {call}")]
    Status {
        /// Method and path.
        call: String,
        /// The status.
        status: StatusCode,
        /// The answer's body, at most 64 KiB of it, for the error message to the flow's owner; not for logs.
        body: String,
    },
    /// There was no answer to the last attempt.
    #[error("the platform's API did not answer {call}: {reason}. Check ELASTICIO_API_URI and the network")]
    Network {
        /// Method and path.
        call: String,
        /// What went wrong on the network.
        reason: String,
    },
    /// It cannot be called, and another attempt would fail the same way.
    #[error("{call} of the platform's API was not answered: {reason}. Check ELASTICIO_API_URI")]
    Refused {
        /// Method and path.
        call: String,
        /// What is wrong, e.g. where it redirected to.
        reason: String,
    },
    /// Its answer is not what the protocol says.
    #[error("the platform's API answered {call} with something other than {wanted}")]
    Malformed {
        /// Method and path.
        call: String,
        /// What the protocol says it answers.
        wanted: &'static str,
    },
    /// The answer to the call for the step's data is something else.
    #[error(
        "the answer from {address} is not the step's data: {problem}. Check ELASTICIO_API_URI, ELASTICIO_FLOW_ID and \
         ELASTICIO_STEP_ID, and the step on the platform"
    )]
    StepData {
        /// Where it came from; the settings allow no address with a password or a query.
        address: Url,
        /// What is wrong with it.
        problem: StepDataError,
    },
}

/// The text of an answer's body. A long one is cut off, which the text says.
pub(super) fn quoted(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_QUOTED)]);
    let Some(cut) = body.len().checked_sub(MAX_QUOTED).filter(|cut| *cut > 0) else { return text.into_owned() };
    format!("{text}… (cut off: {cut} more bytes)")
}

impl ApiError {
    /// The error of a call without an answer.
    pub(super) fn unanswered(call: &str, error: &SendError) -> Self {
        let (call, reason) = (call.to_owned(), error.to_string());
        if error.is_transient() { Self::Network { call, reason } } else { Self::Refused { call, reason } }
    }

    /// The answer's body: JSON in compact form, any other text as it is.
    pub(crate) fn body_as_json(&self) -> String {
        let Self::Status { body, .. } = self else { return String::new() };
        if serde_json::from_str::<serde::de::IgnoredAny>(body).is_err() {
            return body.clone();
        }
        let mut compact = Vec::new();
        write_compact(body, &mut compact);
        String::from_utf8_lossy(&compact).into_owned()
    }

    /// The reference's text for refused startup data: the platform's own text, or the status if the platform failed.
    pub(crate) fn startup_data_text(&self) -> String {
        #[derive(Deserialize)]
        struct Answer {
            error: String,
        }
        let Self::Status { status, body, .. } = self else { return self.to_string() };
        if status.is_client_error() {
            return serde_json::from_str(body).map_or_else(|_| self.body_as_json(), |answer: Answer| answer.error);
        }
        format!("Request failed with status code {}", status.as_u16())
    }

    /// Whether the platform refused the call for good: a 4xx that says neither "later" nor "too many".
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
        matches!(self, Self::Status { status, .. } if status.is_client_error() && !later.contains(status))
    }

    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => status.is_server_error(),
            Self::Network { .. } => true,
            Self::Refused { .. } | Self::Malformed { .. } | Self::StepData { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_startup_data_is_reported_in_the_platform_s_words() {
        for (status, body, text) in [
            (StatusCode::BAD_REQUEST, r#"{"error": "no \u0072oom"}"#, "no room"),
            (StatusCode::FORBIDDEN, r#"{"error": 7}"#, r#"{"error":7}"#),
            (StatusCode::FORBIDDEN, "no", "no"),
            (StatusCode::INTERNAL_SERVER_ERROR, r#"{"error": "no room"}"#, "Request failed with status code 500"),
        ] {
            let error = ApiError::Status { call: String::new(), status, body: body.to_owned() };
            assert_eq!(error.startup_data_text(), text, "{status} {body}");
        }
    }
}
