//! Why a call failed. Each error has two texts: one for the flow's owner, who may see the API's answer, and one for the
//! log, which must not contain it.

use std::time::Duration;

use elasticio_runtime::{
    action::{Failure, Interruption},
    stop::Stopped,
};

use secrecy::SecretString;

use super::{Answer, Profile, access_token::TokenError, request::RequestName, time_bound::TimeBound};

mod failure;
mod texts;

/// A failed call. Its `Display` is safe to log: it has no body and no token.
#[derive(Debug)]
pub struct CallError {
    profile: &'static Profile,
    problem: Problem,
    /// Masked in its texts.
    secrets: Box<[SecretString]>,
    /// The bound that ended the retries, if it was not their number.
    bound: Option<Box<TimeBound>>,
}

/// The reason for the failure.
#[derive(Debug)]
pub(super) enum Problem {
    /// The step's config has neither `secretId` nor `oauth`.
    NoCredential,
    /// There is no usable token.
    Credential(TokenError),
    /// The API rejected the token, and a refresh did not help or was not possible.
    Unauthorized {
        /// The last answer.
        answer: Box<Answer>,
        /// Why there is no valid token.
        why: String,
        /// What the flow's owner can do about it.
        advice: &'static str,
    },
    /// The answer is not a success.
    Answered {
        /// The answer.
        answer: Box<Answer>,
        /// Whether it came from another origin, to which the API redirected the call.
        other_origin: bool,
        /// Attempts made.
        attempts: u32,
        /// The request.
        request: RequestName,
        /// Whether an earlier attempt may have been executed, though it failed.
        repeated: bool,
    },
    /// There was no answer.
    Unreachable {
        /// The request.
        request: RequestName,
        /// Why the last attempt failed.
        reason: String,
        /// Attempts made.
        attempts: u32,
    },
    /// An answer came and cannot be read.
    Unreadable {
        /// The request.
        request: RequestName,
        /// What is wrong with it.
        reason: String,
        /// Attempts made.
        attempts: u32,
        /// Whether the request may have been executed and must not be repeated.
        unknown: bool,
    },
    /// The request may have been executed, and the step's `safeRetries` forbids repeating it.
    OutcomeUnknown {
        /// The request.
        request: RequestName,
        /// The answer, if there was one.
        answer: Option<Box<Answer>>,
        /// Why the outcome is unknown.
        reason: String,
    },
    /// Repeating the request would not help: too many redirects, or an answer that is too large.
    Permanent {
        /// The request.
        request: RequestName,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The file to upload cannot be read or sent.
    BadFile {
        /// What is wrong with the file.
        reason: String,
    },
    /// The time for the calls of the message is over before this one.
    OutOfTime(TimeBound),
    /// No call is allowed for this long, which is too long to hold the message.
    Rebound(Duration),
    /// The worker stops.
    Stopped(Stopped),
}

impl Problem {
    pub(super) fn with_profile(self, profile: &'static Profile) -> CallError {
        CallError { profile, problem: self, secrets: Box::default(), bound: None }
    }
}

impl From<Stopped> for Problem {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Limited(wait) => Self::Rebound(wait),
            TokenError::Stopped(stopped) => Self::Stopped(stopped),
            other => Self::Credential(other),
        }
    }
}

impl From<CallError> for Interruption {
    fn from(error: CallError) -> Self {
        match error.problem {
            Problem::Rebound(wait) => Self::Rebound { reason: error.to_string(), wait },
            Problem::Stopped(stopped) => stopped.into(),
            _ => error.failure().into(),
        }
    }
}

/// Outside of a message, which could come again later: choices, schemas, hooks.
impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        error.failure()
    }
}

impl std::error::Error for CallError {}

impl CallError {
    /// The same error, whose texts hold none of `secrets`.
    pub(super) fn without(self, secrets: impl Into<Box<[SecretString]>>) -> Self {
        Self { secrets: secrets.into(), ..self }
    }

    /// The same error, after which `bound` left no time for another attempt.
    pub(super) fn out_of_time(self, bound: TimeBound) -> Self {
        Self { bound: Some(Box::new(bound)), ..self }
    }

    /// Whether a repeated DELETE found nothing to delete: an attempt before it, whose answer was lost, was executed.
    #[must_use]
    pub(crate) fn is_deleted_before(&self) -> bool {
        let Problem::Answered { answer, other_origin: false, repeated: true, .. } = &self.problem else { return false };
        matches!(answer.status.as_u16(), 404 | 410)
    }

    /// The status of the API's own answer, if that is the reason.
    #[must_use]
    pub(crate) fn status(&self) -> Option<u16> {
        match &self.problem {
            Problem::Answered { answer, other_origin: false, .. } | Problem::Unauthorized { answer, .. } => {
                Some(answer.status.as_u16())
            }
            _ => None,
        }
    }

    /// The status of the last answer, whoever gave it.
    #[must_use]
    pub(crate) fn answered(&self) -> Option<u16> {
        match &self.problem {
            Problem::Unauthorized { answer, .. }
            | Problem::Answered { answer, .. }
            | Problem::OutcomeUnknown { answer: Some(answer), .. } => Some(answer.status.as_u16()),
            _ => None,
        }
    }

    /// The wait that the last answer asks for.
    pub(crate) fn requested_wait(&self) -> Option<Duration> {
        let Problem::Answered { answer, other_origin: false, .. } = &self.problem else { return None };
        answer.requested_wait(self.profile.wait_in_body)
    }

    /// Whether an attempt before the last one may have been executed, though it failed.
    #[must_use]
    pub(crate) fn is_repeated(&self) -> bool {
        matches!(self.problem, Problem::Answered { repeated: true, .. })
    }

    /// Whether the request may have been executed, and was not repeated for that reason.
    #[must_use]
    pub(crate) fn is_outcome_unknown(&self) -> bool {
        matches!(self.problem, Problem::OutcomeUnknown { .. } | Problem::Unreadable { unknown: true, .. })
    }

    /// The API's answer, if there was one.
    ///
    /// # Errors
    /// The error itself, if there was no answer.
    pub fn into_answer(self) -> Result<Answer, Self> {
        match self.problem {
            Problem::Unauthorized { answer, .. }
            | Problem::Answered { answer, .. }
            | Problem::OutcomeUnknown { answer: Some(answer), .. } => Ok(*answer),
            other => Err(other.with_profile(self.profile).without(self.secrets)),
        }
    }
}
