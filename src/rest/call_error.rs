//! Why a call did not succeed: texts for the flow's owner, who may see the API's answer, and shorter ones for logs,
//! which may not.

use std::{fmt, time::Duration};

use elasticio_runtime::{
    action::{Failure, Interruption},
    stop::Stopped,
};

use super::{Answer, Profile, access_token::TokenError};

/// A call that did not succeed. Its `Display` is fit for logs: no body, no token.
#[derive(Debug)]
pub struct CallError {
    profile: &'static Profile,
    problem: Problem,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Problem {
    /// The step's config holds neither `secretId` nor `oauth`.
    NoCredential,
    /// There is no usable token.
    Credential(TokenError),
    /// The API rejected the token, and no other one helped.
    Unauthorized {
        /// The last answer.
        answer: Box<Answer>,
        /// Why there is no better token.
        why: String,
    },
    /// An answer that is not a success.
    Answered {
        /// The answer.
        answer: Box<Answer>,
        /// Whether another origin gave it, to which the API redirected the call.
        elsewhere: bool,
        /// Attempts made.
        attempts: u32,
        /// Method and path.
        request: String,
    },
    /// No answer.
    Unreachable {
        /// Method and path.
        request: String,
        /// What went wrong last.
        reason: String,
        /// Attempts made.
        attempts: u32,
    },
    /// It may have been executed, and the step's `safeRetries` forbids a repetition.
    OutcomeUnknown {
        /// Method and path.
        request: String,
        /// What came back, if anything.
        answer: Option<Box<Answer>>,
        /// What went wrong.
        reason: String,
    },
    /// An answer that no repetition mends: too many redirects, too large.
    Hopeless {
        /// Method and path.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file to send cannot be read, or is not one that can be sent.
    BadFile {
        /// What is wrong with it.
        reason: String,
    },
    /// The wait is too long to hold the message; no call before this time is over.
    Rebound(Duration),
    /// The worker stops.
    Stopped(Stopped),
}

impl Problem {
    pub(super) fn of(self, profile: &'static Profile) -> CallError {
        CallError { profile, problem: self }
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
            _ => Failure::with_log(error.message(), error.to_string()).into(),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let api = self.profile.name;
        match &self.problem {
            Problem::NoCredential => f.write_str("Can't find credentials in incoming configuration"),
            Problem::Credential(why) => write!(f, "no usable access token: {why}"),
            Problem::Unauthorized { answer, why } => {
                write!(f, "{api} rejected the access token (401 {}): {why}", codes(answer))
            }
            Problem::Answered { answer, elsewhere, attempts, request } => {
                let status = answer.status.as_u16();
                let who =
                    if *elsewhere { format!("another host, to which {api} redirected it,") } else { api.to_owned() };
                write!(f, "{request}: {who} answered {status} {}, attempt {attempts}", codes(answer))
            }
            Problem::Unreachable { request, reason, attempts } => {
                write!(f, "{request}: no answer from {api} after {attempts} attempts: {reason}")
            }
            Problem::OutcomeUnknown { request, reason, .. } => {
                write!(f, "{request}: the outcome is unknown ({reason}), and \"safeRetries\" forbids to repeat it")
            }
            Problem::Hopeless { request, reason } => write!(f, "{request}: {reason}"),
            Problem::BadFile { reason } => f.write_str(reason),
            Problem::Rebound(wait) => {
                write!(f, "{api}'s rate limit: the next call is allowed in {} s", wait.as_secs())
            }
            Problem::Stopped(stopped) => stopped.fmt(f),
        }
    }
}

impl std::error::Error for CallError {}

impl CallError {
    /// The API's answer, when there was one.
    ///
    /// # Errors
    /// The error itself, when there was none.
    pub fn into_answer(self) -> Result<Answer, Self> {
        match self.problem {
            Problem::Unauthorized { answer, .. }
            | Problem::Answered { answer, .. }
            | Problem::OutcomeUnknown { answer: Some(answer), .. } => Ok(*answer),
            other => Err(other.of(self.profile)),
        }
    }

    /// What the flow's owner reads: what happened, with the API's answer, and what to do.
    #[must_use]
    pub fn message(&self) -> String {
        let api = self.profile.name;
        match &self.problem {
            Problem::Credential(TokenError::Secret(why)) => {
                format!("{why}. Check the credential on the platform, or authorize it again.")
            }
            Problem::Credential(why) => {
                format!("There is no usable access token: {why}. Authorize the credential again on the platform.")
            }
            Problem::Unauthorized { .. } => format!("{self}. Authorize the credential again on the platform."),
            Problem::Answered { answer, elsewhere: true, .. } => format!(
                "{}. This is the answer of another host, to which {api} redirected the call.",
                answer.error_text()
            ),
            Problem::Answered { answer, attempts, .. } => {
                let text = answer.error_text();
                match answer.status.as_u16() {
                    status if self.profile.is_rate_limit(status) => format!(
                        "{text}. This is {api}'s rate limit, met in {attempts} attempts: send fewer requests, or raise \
                         \"retries\" and \"retriesDelay\" in the credential."
                    ),
                    500 | 502..=504 => format!("{text}. {api} failed in {attempts} attempts: try again later."),
                    _ => text,
                }
            }
            Problem::Unreachable { .. } => {
                format!("{self}. {api} may be down or out of reach from here: try again later.")
            }
            Problem::OutcomeUnknown { answer, .. } => {
                let answer = answer.as_ref().map(|answer| format!(" {}.", answer.error_text())).unwrap_or_default();
                format!("{self}.{answer} Look in {api} whether it was executed, and send it again if not.")
            }
            _ => self.to_string(),
        }
    }
}

/// The answer's error codes, for texts that may hold nothing else of it.
fn codes(answer: &Answer) -> String {
    answer.error_codes().unwrap_or_else(|| "without an error code".to_owned())
}
