//! The retry policy (protocol, sections 11.2 to 11.12): a pure function from the outcome of an attempt to what happens
//! next. It has no clock and no socket; the client carries out its decisions.

use std::time::Duration;

mod by_status;
mod fields;
mod hold;

pub(crate) use by_status::ByStatus;
pub(crate) use fields::RetryFields;
pub(crate) use hold::{fits, within};

/// Default of the credential's `retries`.
pub(crate) const DEFAULT_RETRIES: u32 = 5;
/// Default of the credential's `retriesDelay`.
pub(crate) const DEFAULT_DELAY: Duration = Duration::from_secs(10);
/// Delay of the first retry after a failure. It is short because a stale connection is replaced immediately.
pub(crate) const FIRST_RETRY: Duration = Duration::from_millis(100);
/// Every wait is lengthened at random by up to this fraction.
pub(crate) const JITTER: f64 = 0.1;

/// How often one request waits out the token endpoint's rate limit before its message is rebounded.
pub(crate) const MAX_LIMITED_REFRESHES: u32 = 3;

/// The retry policy of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Retries after the first attempt.
    pub(crate) retries: u32,
    /// Delay between attempts.
    pub(crate) delay: Duration,
    /// Number of retries on 5xx and network errors, if it differs from `retries` (`API_RETRIES_COUNT`).
    pub(crate) server_retries: Option<u32>,
    /// If an answer asks for a longer wait, the message is rebounded (`PODIO_MAX_HOLD`).
    pub(crate) max_hold: Duration,
    /// Repeat the request only if it certainly never reached the API: for a POST of a step with `safeRetries`.
    pub(crate) only_unsent: bool,
    /// Whether executing the request twice comes to the same: any method but POST.
    pub(crate) idempotent: bool,
}

impl Policy {
    /// The most attempts of a request whose last one had this outcome.
    #[must_use]
    pub(crate) fn attempts(&self, outcome: Outcome) -> u32 {
        let retries = match outcome {
            Outcome::RateLimited(_) => self.retries,
            _ => self.server_retries.unwrap_or(self.retries),
        };
        retries.saturating_add(1)
    }
}

/// The attempts of one request so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// Number of attempts, without the one that led to a refresh.
    pub(crate) attempts: u32,
    /// Number of 5xx and network errors among them.
    pub(crate) failures: u32,
    /// Whether the token was refreshed for this request.
    pub(crate) refreshed: bool,
    /// Whether one of them may have been executed, though it failed.
    pub(crate) ambiguous: bool,
}

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer with this status, other than the ones below.
    Answered(u16),
    /// The server failed (500, 502, 503, 504), and the wait that it asks for. The request may have been executed.
    Failed(Option<Duration>),
    /// The API refused the request, which a step's builder wants retried, and the wait that it asks for.
    Refused(Option<Duration>),
    /// The API's rate limit, and the wait that it asks for.
    RateLimited(Option<Duration>),
    /// The API rejected the token: 401.
    Unauthorized,
    /// There was no connection: the request certainly never reached the API.
    NotSent,
    /// There was no complete answer in time: the request may have been executed.
    Broken,
    /// An answer came and cannot be read: the request was most likely executed.
    Unreadable,
    /// Repeating the request would not help: too many redirects, or an answer that is too large.
    Permanent,
}

impl Outcome {
    /// The outcome of an answer with `status` that is no rate limit. `other_origin`: the API redirected the call to
    /// another origin, without the token, so the answer says nothing about the credential. `retried`: the step's builder
    /// wants it retried.
    #[must_use]
    pub(crate) fn of_answer(status: u16, requested_wait: Option<Duration>, other_origin: bool, retried: bool) -> Self {
        match status {
            401 if !other_origin => Self::Unauthorized,
            500 | 502..=504 => Self::Failed(requested_wait),
            500.. if retried => Self::Failed(requested_wait),
            300..500 if retried => Self::Refused(requested_wait),
            _ => Self::Answered(status),
        }
    }

    /// Whether a retry may succeed: 500, 502, 503, 504, what the step's builder says, and a missing, incomplete or
    /// unreadable answer.
    fn is_failure(self) -> bool {
        matches!(self, Self::NotSent | Self::Broken | Self::Unreadable | Self::Failed(_) | Self::Refused(_))
    }

    /// Whether an answer came that is no rate limit's.
    pub(crate) fn was_let_through(self) -> bool {
        !matches!(self, Self::RateLimited(_) | Self::NotSent | Self::Broken)
    }

    /// Whether `policy` forbids repeating the request after this outcome, since it may have been executed.
    fn is_last(self, policy: &Policy) -> bool {
        match self {
            Self::NotSent | Self::Refused(_) => false,
            Self::Unreadable => policy.only_unsent || !policy.idempotent,
            _ => policy.only_unsent,
        }
    }
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The request succeeded.
    Done,
    /// Try again after this wait (before jitter).
    Retry(Duration),
    /// Try again after a cooldown, in which no message of the credential calls.
    CoolDown(Duration),
    /// The API asks for a wait that is too long to hold the message: rebound it.
    Rebound(Duration),
    /// Refresh the token and try again immediately.
    Refresh,
    /// Give up.
    Fail,
    /// Give up: a retry would hold the message for too long.
    OutOfTime,
    /// Give up: the refreshed token was rejected too.
    Unauthorized,
    /// Give up: the request may have been executed and must not be repeated.
    OutcomeUnknown,
}

/// Adds an attempt's outcome to the history.
#[must_use]
pub(crate) fn record(history: History, outcome: Outcome) -> History {
    let refresh = outcome == Outcome::Unauthorized && !history.refreshed;
    History {
        attempts: history.attempts + u32::from(!refresh),
        failures: history.failures + u32::from(outcome.is_failure()),
        refreshed: history.refreshed || refresh,
        ambiguous: history.ambiguous
            || outcome.is_failure() && !matches!(outcome, Outcome::NotSent | Outcome::Refused(_)),
    }
}

/// The cooldown that `outcome` starts. A rate limit applies to all messages of the credential, even if this request has
/// no attempts left.
#[must_use]
pub(crate) fn cooldown(policy: &Policy, outcome: Outcome) -> Option<Duration> {
    match outcome {
        Outcome::RateLimited(requested_wait) => Some(policy.delay.max(requested_wait.unwrap_or_default())),
        _ => None,
    }
}

/// Decides what happens after `outcome`; `before` is the history without it.
#[must_use]
pub(crate) fn decide(policy: &Policy, before: History, outcome: Outcome) -> Decision {
    let history = record(before, outcome);
    if let Some(wait) = cooldown(policy, outcome) {
        return if history.attempts > policy.retries {
            Decision::Fail
        } else if wait > policy.max_hold {
            Decision::Rebound(wait)
        } else {
            Decision::CoolDown(wait)
        };
    }
    match outcome {
        Outcome::Answered(200..=299) => Decision::Done,
        Outcome::Unauthorized if before.refreshed => Decision::Unauthorized,
        Outcome::Unauthorized => Decision::Refresh,
        _ if outcome.is_failure() => {
            if outcome.is_last(policy) {
                Decision::OutcomeUnknown
            } else if history.attempts > policy.server_retries.unwrap_or(policy.retries) {
                Decision::Fail
            } else {
                let delay = if history.failures == 1 { policy.delay.min(FIRST_RETRY) } else { policy.delay };
                match outcome {
                    Outcome::Failed(Some(wait)) | Outcome::Refused(Some(wait)) if wait > policy.max_hold => {
                        Decision::Rebound(wait.max(delay))
                    }
                    Outcome::Failed(Some(wait)) | Outcome::Refused(Some(wait)) => Decision::Retry(wait.max(delay)),
                    _ => Decision::Retry(delay),
                }
            }
        }
        _ => Decision::Fail,
    }
}

/// Decides what happens after a rate limit of the token endpoint that asks for `wait`; it is number `times` of this
/// request.
#[must_use]
pub(crate) fn after_limited_refresh(max_hold: Duration, times: u32, wait: Duration) -> Decision {
    if times > MAX_LIMITED_REFRESHES || wait > max_hold { Decision::Rebound(wait) } else { Decision::CoolDown(wait) }
}

/// `wait` plus jitter; `random` is from 0 to 1.
#[must_use]
pub(crate) fn jittered(wait: Duration, random: f64) -> Duration {
    wait.mul_f64(1.0 + JITTER * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
