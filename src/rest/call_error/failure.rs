//! The failure of a message whose call failed: its code, and the API's answer as fields.

use elasticio_runtime::action::{ApiAnswer, ErrorCode, Failure};

use super::{CallError, Problem};
use crate::rest::{Answer, access_token::TokenError, mask};

/// Bytes of each of the API's texts in a field of its own.
const MAX_FIELD: usize = 1024;

impl CallError {
    /// The message's failure.
    pub(super) fn failure(&self) -> Failure {
        let failure = Failure::with_log(self.message(), self.to_string()).with_code(self.code());
        match &self.problem {
            Problem::Unauthorized { answer, .. }
            | Problem::Answered { answer, .. }
            | Problem::OutcomeUnknown { answer: Some(answer), .. } => failure.with_answer(self.fields(answer)),
            _ => failure,
        }
    }

    fn code(&self) -> ErrorCode {
        match &self.problem {
            Problem::Credential(TokenError::Unanswered(_) | TokenError::Limited(_) | TokenError::Secret(_)) => {
                ErrorCode::Unavailable
            }
            Problem::NoCredential | Problem::Credential(_) | Problem::Unauthorized { .. } => ErrorCode::Unauthorized,
            Problem::Answered { answer, .. } => match answer.status.as_u16() {
                status if self.profile.is_rate_limit(status) => ErrorCode::RateLimit,
                401 => ErrorCode::Unauthorized,
                403 => ErrorCode::Forbidden,
                404 | 410 => ErrorCode::NotFound,
                409 => ErrorCode::Conflict,
                500.. => ErrorCode::Unavailable,
                _ => ErrorCode::ApiError,
            },
            Problem::Unreachable { .. } => ErrorCode::Unavailable,
            Problem::Unreadable { unknown: true, .. } | Problem::OutcomeUnknown { .. } => ErrorCode::OutcomeUnknown,
            Problem::Unreadable { .. } | Problem::Permanent { .. } => ErrorCode::ApiError,
            Problem::OutOfTime(_) => ErrorCode::OutOfTime,
            Problem::Rebound(_) => ErrorCode::RateLimit,
            Problem::BadFile { .. } | Problem::Stopped(_) => ErrorCode::Failed,
        }
    }

    /// What the API said, without secrets.
    fn fields(&self, answer: &Answer) -> ApiAnswer {
        let (error, message) = answer.error_texts();
        let text = |text: String| mask::cut(mask::mask(text, &self.secrets), MAX_FIELD, &self.secrets);
        ApiAnswer { status_code: answer.status.as_u16(), api_error: error.map(text), api_message: message.map(text) }
    }
}
