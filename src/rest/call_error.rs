//! Why a call failed. Each error has two texts: one for the flow's owner, who may see the API's answer, and one for the
//! log, which must not contain it.

use std::{fmt, time::Duration};

use elasticio_runtime::{
    action::{Failure, Interruption},
    stop::Stopped,
};

use secrecy::SecretString;

use super::{Answer, Profile, access_token::TokenError, mask::mask, request::RequestName, time_bound::TimeBound};

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
        /// Method and path.
        request: String,
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
            _ => Failure::with_log(error.message(), error.to_string()).into(),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(Unmasked { error: self, logged: true }.to_string(), &self.secrets))
    }
}

/// The text that logs and the flow's owner read, before secrets are masked. It has nothing of an answer but its codes.
struct Unmasked<'a> {
    error: &'a CallError,
    /// Whether it is for a log.
    logged: bool,
}

impl Unmasked<'_> {
    fn name<'a>(&self, request: &'a RequestName) -> &'a str {
        if self.logged { &request.logged } else { &request.full }
    }
}

impl fmt::Display for Unmasked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallError { profile, problem, .. } = self.error;
        let api = profile.name;
        match problem {
            Problem::NoCredential => f.write_str("Can't find credentials in incoming configuration"),
            Problem::Credential(why) => write!(f, "no usable access token: {why}"),
            Problem::Unauthorized { answer, why } => {
                write!(f, "{api} rejected the access token (401 {}): {why}", codes(answer))
            }
            Problem::Answered { answer, other_origin, attempts, request } => {
                let status = answer.status.as_u16();
                let who =
                    if *other_origin { format!("another host, to which {api} redirected it,") } else { api.to_owned() };
                write!(f, "{}: {who} answered {status} {}, attempt {attempts}", self.name(request), codes(answer))
            }
            Problem::Unreachable { request, reason, attempts } => {
                write!(f, "{}: no answer from {api} after {attempts} attempts: {reason}", self.name(request))
            }
            Problem::Unreadable { request, reason, attempts, unknown } => {
                write!(f, "{request}: {api}'s answer cannot be read, attempt {attempts}: {reason}")?;
                if *unknown { f.write_str("; the outcome is unknown") } else { Ok(()) }
            }
            Problem::OutcomeUnknown { request, reason, .. } => {
                write!(
                    f,
                    "{}: the outcome is unknown ({reason}), and \"safeRetries\" forbids repeating it",
                    self.name(request)
                )
            }
            Problem::Permanent { request, reason } => write!(f, "{}: {reason}", self.name(request)),
            Problem::BadFile { reason } => f.write_str(reason),
            Problem::OutOfTime(bound) => write!(f, "no further call was made: {bound} are over"),
            Problem::Rebound(wait) => {
                write!(f, "{api}'s rate limit: the next call is allowed in {} s", wait.as_secs())
            }
            Problem::Stopped(stopped) => stopped.fmt(f),
        }?;
        self.error.bound.as_ref().map_or(Ok(()), |bound| write!(f, "; no further attempt within {bound}"))
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

    /// The text for the flow's owner: what happened, including the API's answer, and what to do.
    #[must_use]
    pub fn message(&self) -> String {
        let advice = self.bound.as_ref().map(|bound| bound.advice()).unwrap_or_default();
        mask(self.unmasked_message() + &advice, &self.secrets)
    }

    fn unmasked_message(&self) -> String {
        let api = self.profile.name;
        let text = Unmasked { error: self, logged: false };
        match &self.problem {
            Problem::Credential(TokenError::Secret(why) | TokenError::SecretRefused(why)) => {
                format!("{why}. Check the credential on the platform, or authorize it again.")
            }
            Problem::Credential(why) => {
                format!("There is no usable access token: {why}. Authorize the credential again on the platform.")
            }
            Problem::Unauthorized { .. } => format!("{text}. Authorize the credential again on the platform."),
            Problem::Answered { answer, other_origin: true, .. } => format!(
                "{}. This is the answer of another host, to which {api} redirected the call.",
                answer.error_text()
            ),
            Problem::Answered { answer, attempts, .. } => {
                let answered = answer.error_text();
                match answer.status.as_u16() {
                    status if self.profile.is_rate_limit(status) => format!(
                        "{answered}. This is {api}'s rate limit, met in {attempts} attempts: send fewer requests, or raise \
                         \"retries\" and \"retriesDelay\" in the credential."
                    ),
                    500 | 502..=504 => format!("{answered}. {api} failed in {attempts} attempts: try again later."),
                    _ => answered,
                }
            }
            Problem::Unreachable { .. } => {
                format!("{text}. {api} may be down or out of reach from here: try again later.")
            }
            Problem::Unreadable { unknown: true, .. } => {
                format!("{self}. Check in {api} whether it was executed; if not, send it again.")
            }
            Problem::OutcomeUnknown { answer, .. } => {
                let answer = answer.as_ref().map(|answer| format!(" {}.", answer.error_text())).unwrap_or_default();
                format!("{text}.{answer} Check in {api} whether it was executed; if not, send it again.")
            }
            _ => text.to_string(),
        }
    }
}

/// The answer's error codes, for texts that must not contain anything else from it.
fn codes(answer: &Answer) -> String {
    answer.error_codes().unwrap_or_else(|| "without an error code".to_owned())
}
