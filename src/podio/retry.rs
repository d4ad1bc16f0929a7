//! The retry policy as a pure function (contract, section 11): from what came back to what happens next. No clock,
//! no socket; the client carries the decisions out.

use std::time::Duration;

/// Default of the credential's `retries`.
pub const DEFAULT_RETRIES: u32 = 5;
/// Default of the credential's `retriesDelay`.
pub const DEFAULT_DELAY: Duration = Duration::from_secs(10);
/// The first retry after a failure comes this soon, since a stale connection heals at once.
pub const FIRST_RETRY: Duration = Duration::from_millis(100);
/// Every wait gets up to this part of itself on top.
pub const JITTER: f64 = 0.1;

/// So often one request waits for the token endpoint's rate limit; then its message is handed back.
pub const MAX_LIMITED_RENEWALS: u32 = 3;

/// The policy of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Retries after the first attempt.
    pub retries: u32,
    /// Wait between attempts.
    pub delay: Duration,
    /// Retries on 5xx and network errors, when they have a number of their own (`API_RETRIES_COUNT`).
    pub server_retries: Option<u32>,
    /// A longer wait after a rate limit hands the message back (`PODIO_MAX_HOLD`).
    pub max_hold: Duration,
    /// Repeat only what certainly never reached Podio: a POST of a step with `safeRetries`.
    pub only_unsent: bool,
}

/// What happened to one request so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Attempts, the replay after a renewed token not counted.
    pub attempts: u32,
    /// 5xx and network errors among them.
    pub failures: u32,
    /// Whether the token was renewed for this request.
    pub renewed: bool,
}

/// What came back from one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status, and the wait that it names.
    Answer {
        /// HTTP status.
        status: u16,
        /// From `Retry-After` or the answer's text.
        named_wait: Option<Duration>,
        /// Whether another origin gave it, to which Podio redirected the call: without the token, so that it says
        /// nothing of the credential.
        elsewhere: bool,
    },
    /// No connection: the request certainly never reached Podio.
    NotSent,
    /// No answer in time, or a broken one: the request may have been executed.
    Broken,
    /// Something that no repetition mends: too many redirects, an answer that is too large.
    Hopeless,
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
    /// The same, but too long to hold the message: hand it back.
    HandBack(Duration),
    /// Renew the token and send again at once.
    Renew,
    /// It failed for good.
    Fail,
    /// The token was rejected again after it had been renewed.
    Unauthorized,
    /// It failed, may have been executed all the same, and must not be repeated.
    OutcomeUnknown,
}

/// Counts an attempt's outcome in.
#[must_use]
pub fn record(history: History, outcome: Outcome) -> History {
    let renewal = matches!(outcome, Outcome::Answer { status: 401, elsewhere: false, .. }) && !history.renewed;
    let failure = is_failure(outcome);
    History {
        attempts: history.attempts + u32::from(!renewal),
        failures: history.failures + u32::from(failure),
        renewed: history.renewed || renewal,
    }
}

/// How long nobody calls with this credential after `outcome`: Podio's rate limit holds for all its messages, also
/// where this request has no attempt left.
#[must_use]
pub fn cooldown(policy: &Policy, outcome: Outcome) -> Option<Duration> {
    match outcome {
        Outcome::Answer { status: 420 | 429, named_wait, elsewhere: false } => {
            Some(policy.delay.max(named_wait.unwrap_or_default()))
        }
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
            Decision::HandBack(wait)
        } else {
            Decision::CoolDown(wait)
        };
    }
    match outcome {
        Outcome::Answer { status: 200..=299, .. } => Decision::Done,
        Outcome::Answer { status: 401, elsewhere: false, .. } if before.renewed => Decision::Unauthorized,
        Outcome::Answer { status: 401, elsewhere: false, .. } => Decision::Renew,
        _ if is_failure(outcome) => {
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
pub fn after_limited_renewal(max_hold: Duration, times: u32, wait: Duration) -> Decision {
    if times > MAX_LIMITED_RENEWALS || wait > max_hold { Decision::HandBack(wait) } else { Decision::CoolDown(wait) }
}

/// 500, 502, 503, 504, no or a broken answer, time-out.
fn is_failure(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::NotSent | Outcome::Broken | Outcome::Answer { status: 500 | 502 | 503 | 504, .. })
}

/// `wait` with jitter on top; `random` is in 0..1.
#[must_use]
pub fn jittered(wait: Duration, random: f64) -> Duration {
    wait.mul_f64(1.0 + JITTER * random.clamp(0.0, 1.0))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
