//! The texts of an error.

use std::fmt;

use super::{CallError, Problem};
use crate::rest::{Answer, access_token::TokenError, mask::mask, request::RequestName};

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
            Problem::Unauthorized { answer, why, .. } => {
                write!(f, "{api} rejected the access token (401 {}): {why}", codes(answer))
            }
            Problem::Answered { answer, other_origin, attempts, request, .. } => {
                let status = answer.status.as_u16();
                let who =
                    if *other_origin { format!("another host, to which {api} redirected it,") } else { api.to_owned() };
                write!(f, "{}: {who} answered {status} {}, attempt {attempts}", self.name(request), codes(answer))
            }
            Problem::Unreachable { request, reason, attempts } => {
                write!(f, "{}: no answer from {api} after {attempts} attempts: {reason}", self.name(request))
            }
            Problem::Unreadable { request, reason, attempts, unknown } => {
                let name = self.name(request);
                write!(f, "{name}: {api}'s answer cannot be read, attempt {attempts}: {reason}")?;
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
                write!(f, "{api} asks for a wait: the next call is allowed in {} s", wait.as_secs())
            }
            Problem::Stopped(stopped) => stopped.fmt(f),
        }?;
        self.error.bound.as_ref().map_or(Ok(()), |bound| write!(f, "; no further attempt within {bound}"))
    }
}

impl CallError {
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
            Problem::Credential(why) => format!("There is no usable access token: {why}.{}", why.advice()),
            Problem::Unauthorized { advice, .. } => format!("{text}.{advice}"),
            Problem::Answered { answer, other_origin: true, .. } => format!(
                "{}. This is the answer of another host, to which {api} redirected the call.",
                answer.error_text(&self.secrets)
            ),
            Problem::Answered { answer, attempts, .. } => {
                let answered = answer.error_text(&self.secrets);
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
                format!("{text}. Check in {api} whether it was executed; if not, send it again.")
            }
            Problem::OutcomeUnknown { answer, .. } => {
                let answer =
                    answer.as_ref().map(|answer| format!(" {}.", answer.error_text(&self.secrets))).unwrap_or_default();
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
