//! A message's error.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// What kind of error it is, for a flow that branches on it: `error.code` in the emitted error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The message's input, or the step's settings, are wrong: nothing was called.
    InvalidInput,
    /// There is no usable credential, or the API rejects it.
    Unauthorized,
    /// The credential may not do this (403).
    Forbidden,
    /// The object is not there (404, 410).
    NotFound,
    /// The object is in another state than the call supposes (409).
    Conflict,
    /// The API's rate limit lasted too long.
    RateLimit,
    /// The API gave no answer, or answered with a server error.
    Unavailable,
    /// The call may have been executed, and was not repeated.
    OutcomeUnknown,
    /// The time for the calls of one message was over.
    OutOfTime,
    /// Any other answer of the API.
    ApiError,
    /// A defect of the component.
    Internal,
    /// Anything else.
    Failed,
}

impl ErrorCode {
    /// Its text in the emitted error.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimit => "rate_limit",
            Self::Unavailable => "unavailable",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::OutOfTime => "out_of_time",
            Self::ApiError => "api_error",
            Self::Internal => "internal",
            Self::Failed => "failed",
        }
    }
}

/// What the API answered, in fields of its own beside the text: `error.statusCode`, `error.apiError`, `error.apiMessage`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiAnswer {
    /// The HTTP status.
    pub status_code: u16,
    /// The API's code for the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_error: Option<String>,
    /// The API's sentence about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_message: Option<String>,
}

/// A message's error. `Display` is fit for logs; [`Failure::message`] is what the flow's owner reads.
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    log: Option<String>,
    code: ErrorCode,
    answer: Option<Box<ApiAnswer>>,
}

impl Failure {
    /// An error whose text does not hold content of the message. Its code is [`ErrorCode::Failed`].
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), log: None, code: ErrorCode::Failed, answer: None }
    }

    /// An error of the message's input or the step's settings, whose text does not hold content of the message.
    #[must_use]
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(message).with_code(ErrorCode::InvalidInput)
    }

    /// An error whose text may hold content, with another text for logs. Its code is [`ErrorCode::Failed`].
    #[must_use]
    pub fn with_log(message: impl Into<String>, log: impl Into<String>) -> Self {
        Self { log: Some(log.into()), ..Self::new(message) }
    }

    /// The same error of this kind.
    #[must_use]
    pub fn with_code(self, code: ErrorCode) -> Self {
        Self { code, ..self }
    }

    /// The same error, with what the API answered. It may hold content.
    #[must_use]
    pub fn with_answer(self, answer: ApiAnswer) -> Self {
        Self { answer: Some(Box::new(answer)), ..self }
    }

    /// The same error with other texts, for the flow's owner and for logs.
    #[must_use]
    pub fn with_texts(self, message: impl Into<String>, log: impl Into<String>) -> Self {
        Self { message: message.into(), log: Some(log.into()), ..self }
    }

    /// What the flow's owner reads.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What goes beside the text in the emitted error: `code`, and what the API answered.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::from_iter([("code".to_owned(), Value::from(self.code.as_str()))]);
        if let Some(Ok(Value::Object(answer))) = self.answer.as_ref().map(serde_json::to_value) {
            fields.extend(answer);
        }
        fields
    }

    /// What kind of error it is.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.log.as_ref().unwrap_or(&self.message))
    }
}
