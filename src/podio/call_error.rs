//! Why a call of Podio gave no success: texts for the flow's owner, who may see Podio's answer, and shorter ones for
//! logs, which may not.

use std::time::Duration;

use super::{Answer, renewal::RenewError};

/// A call that did not succeed. Its `Display` is fit for logs: no body, no token.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The step's config holds neither `secretId` nor `oauth`.
    #[error("Can't find credentials in incoming configuration")]
    NoCredential,
    /// There is no usable token.
    #[error("no usable access token: {0}")]
    Credential(RenewError),
    /// Podio rejected the token, and no other one helped.
    #[error("Podio rejected the access token (401 {}): {why}", codes(answer))]
    Unauthorized {
        /// The last answer.
        answer: Box<Answer>,
        /// Why there is no better token.
        why: String,
    },
    /// An answer that is no success.
    #[error("{request}: {} answered {} {}, attempt {attempts}", who(*elsewhere), answer.status.as_u16(), codes(answer))]
    Answered {
        /// The answer.
        answer: Box<Answer>,
        /// Whether another origin gave it, to which Podio redirected the call.
        elsewhere: bool,
        /// Attempts made.
        attempts: u32,
        /// Method and path.
        request: String,
    },
    /// No answer.
    #[error("{request}: no answer from Podio after {attempts} attempts: {reason}")]
    Unreachable {
        /// Method and path.
        request: String,
        /// What went wrong last.
        reason: String,
        /// Attempts made.
        attempts: u32,
    },
    /// It may have been executed, and the step's `safeRetries` forbids a repetition.
    #[error("{request}: the outcome is unknown ({reason}), and \"safeRetries\" forbids to repeat it")]
    OutcomeUnknown {
        /// Method and path.
        request: String,
        /// What came back, if anything.
        answer: Option<Box<Answer>>,
        /// What went wrong.
        reason: String,
    },
    /// An answer that nothing mends: too many redirects, too large.
    #[error("{request}: {reason}")]
    Hopeless {
        /// Method and path.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file to send cannot be read, or is none that can be sent.
    #[error("{reason}")]
    BadFile {
        /// What is wrong with it.
        reason: String,
    },
    /// The wait is too long to hold the message.
    #[error("Podio's rate limit: the next call is allowed in {} s", wait.as_secs())]
    HandBack {
        /// No call before this time is over.
        wait: Duration,
    },
    /// The worker stops.
    #[error("the worker stops; the message goes back to the queue")]
    Stopped,
}

impl From<RenewError> for CallError {
    fn from(error: RenewError) -> Self {
        match error {
            RenewError::Limited(wait) => Self::HandBack { wait },
            RenewError::Stopped => Self::Stopped,
            other => Self::Credential(other),
        }
    }
}

impl CallError {
    /// Podio's answer, when there was one.
    ///
    /// # Errors
    /// The error itself, when there was none.
    pub fn into_answer(self) -> Result<Answer, Self> {
        match self {
            Self::Unauthorized { answer, .. }
            | Self::Answered { answer, .. }
            | Self::OutcomeUnknown { answer: Some(answer), .. } => Ok(*answer),
            other => Err(other),
        }
    }

    /// What the flow's owner reads: what happened, with Podio's answer, and what to do.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Credential(RenewError::Secret(why)) => {
                format!("{why}. Check the credential on the platform, or authorize it again.")
            }
            Self::Credential(why) => {
                format!("There is no usable access token: {why}. Authorize the credential again on the platform.")
            }
            Self::Unauthorized { .. } => format!("{self}. Authorize the credential again on the platform."),
            Self::Answered { answer, elsewhere: true, .. } => {
                format!(
                    "{}. This is the answer of another host, to which Podio redirected the call.",
                    answer.error_text()
                )
            }
            Self::Answered { answer, attempts, .. } => {
                let text = answer.error_text();
                match answer.status.as_u16() {
                    420 | 429 => format!(
                        "{text}. This is Podio's rate limit, met in {attempts} attempts: send fewer requests, or raise \
                         \"retries\" and \"retriesDelay\" in the credential."
                    ),
                    500 | 502..=504 => format!("{text}. Podio failed in {attempts} attempts: try again later."),
                    _ => text,
                }
            }
            Self::Unreachable { .. } => {
                format!("{self}. Podio may be down or out of reach from here: try again later.")
            }
            Self::OutcomeUnknown { answer, .. } => {
                let told = answer.as_ref().map(|answer| format!(" {}.", answer.error_text()));
                format!(
                    "{self}.{} Look in Podio whether it was executed, and send it again if not.",
                    told.unwrap_or_default()
                )
            }
            _ => self.to_string(),
        }
    }
}

fn who(elsewhere: bool) -> &'static str {
    if elsewhere { "another host, to which Podio redirected it," } else { "Podio" }
}

fn codes(answer: &Answer) -> String {
    answer.error_codes().unwrap_or_else(|| "without an error code".to_owned())
}
