//! The retry policy as a pure function (protocol, sections 11.2 to 11.12): from what came back to what happens next. No clock,
//! no socket; the client carries the decisions out.

use std::time::Duration;

mod fields;

pub use fields::RetryFields;

/// Default of the credential's `retries`.
pub const DEFAULT_RETRIES: u32 = 5;
/// Default of the credential's `retriesDelay`.
pub const DEFAULT_DELAY: Duration = Duration::from_secs(10);
/// The first retry after a failure comes this soon, since a stale connection heals at once.
pub const FIRST_RETRY: Duration = Duration::from_millis(100);
/// Every wait gets up to this part of itself on top.
pub const JITTER: f64 = 0.1;

/// How often one request waits out the token endpoint's rate limit before its message is rebounded.
pub const MAX_LIMITED_REFRESHES: u32 = 3;

/// The policy of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Retries after the first attempt.
    pub retries: u32,
    /// Wait between attempts.
    pub delay: Duration,
    /// Retries on 5xx and network errors, when they have a number of their own (`API_RETRIES_COUNT`).
    pub server_retries: Option<u32>,
    /// A longer wait after a rate limit rebounds the message (`PODIO_MAX_HOLD`).
    pub max_hold: Duration,
    /// Repeat only what certainly never reached Podio: a POST of a step with `safeRetries`.
    pub only_unsent: bool,
}

/// What happened to one request so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Attempts, the replay after a refreshed token not counted.
    pub attempts: u32,
    /// 5xx and network errors among them.
    pub failures: u32,
    /// Whether the token was refreshed for this request.
    pub refreshed: bool,
}

/// What came back from one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status, other than those below.
    Answered(u16),
    /// The API's rate limit, with the wait that the answer names.
    RateLimited(Option<Duration>),
    /// The API rejected the token: 401.
    Unauthorized,
    /// No connection: the request certainly never reached the API.
    NotSent,
    /// No answer in time, or a broken one: the request may have been executed.
    Broken,
    /// Something that no repetition mends: too many redirects, an answer that is too large.
    Hopeless,
}

impl Outcome {
    /// An answer with this status; `rate_limit`: the wait that it names, where it is the API's rate limit. One that
    /// another origin gave, to which the API redirected the call (`elsewhere`), came without the token: it says
    /// nothing of the credential.
    #[must_use]
    pub fn of_answer(status: u16, rate_limit: Option<Option<Duration>>, elsewhere: bool) -> Self {
        match (status, rate_limit) {
            _ if elsewhere => Self::Answered(status),
            (_, Some(named_wait)) => Self::RateLimited(named_wait),
            (401, None) => Self::Unauthorized,
            (_, None) => Self::Answered(status),
        }
    }

    /// Whether a repetition may mend it: 500, 502, 503, 504, no or a broken answer, time-out.
    fn is_failure(self) -> bool {
        matches!(self, Self::NotSent | Self::Broken | Self::Answered(500 | 502 | 503 | 504))
    }
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A success.
    Done,
    /// The next attempt, after this wait (before jitter).
    Retry(Duration),
    /// Nobody calls with this credential for this long; then the next attempt.
    CoolDown(Duration),
    /// The same, but too long to hold the message: it is rebounded.
    Rebound(Duration),
    /// Refresh the token and send again at once.
    Refresh,
    /// It failed for good.
    Fail,
    /// The token was rejected again after it had been refreshed.
    Unauthorized,
    /// It failed, may have been executed all the same, and must not be repeated.
    OutcomeUnknown,
}

/// Counts an attempt's outcome in.
#[must_use]
pub fn record(history: History, outcome: Outcome) -> History {
    let refresh = outcome == Outcome::Unauthorized && !history.refreshed;
    History {
        attempts: history.attempts + u32::from(!refresh),
        failures: history.failures + u32::from(outcome.is_failure()),
        refreshed: history.refreshed || refresh,
    }
}

/// How long nobody calls with this credential after `outcome`: the API's rate limit holds for all its messages, also
/// where this request has no attempt left.
#[must_use]
pub fn cooldown(policy: &Policy, outcome: Outcome) -> Option<Duration> {
    match outcome {
        Outcome::RateLimited(named_wait) => Some(policy.delay.max(named_wait.unwrap_or_default())),
        _ => None,
    }
}

/// What to do after `outcome`; `before` is the history without it.
#[must_use]
pub fn decide(policy: &Policy, before: History, outcome: Outcome) -> Decision {
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
            if policy.only_unsent && outcome != Outcome::NotSent {
                Decision::OutcomeUnknown
            } else if history.attempts > policy.server_retries.unwrap_or(policy.retries) {
                Decision::Fail
            } else if history.failures == 1 {
                Decision::Retry(policy.delay.min(FIRST_RETRY))
            } else {
                Decision::Retry(policy.delay)
            }
        }
        _ => Decision::Fail,
    }
}

/// What to do after the token endpoint wanted a pause of `wait`, `times` times for this request, this one included.
#[must_use]
pub fn after_limited_refresh(max_hold: Duration, times: u32, wait: Duration) -> Decision {
    if times > MAX_LIMITED_REFRESHES || wait > max_hold { Decision::Rebound(wait) } else { Decision::CoolDown(wait) }
}

/// `wait` with jitter on top; `random` is in 0..1.
#[must_use]
pub fn jittered(wait: Duration, random: f64) -> Duration {
    wait.mul_f64(1.0 + JITTER * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
