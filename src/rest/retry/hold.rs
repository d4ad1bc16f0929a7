//! Keeps retries within the time that one message may be held, which ends before the broker's acknowledgement time-out
//! (protocol, section 16.17). Pure.

use std::time::Duration;

use super::{Decision, JITTER};

/// The decision, or what stands in for one that would hold the message for too long: a rate limit's wait is left to the
/// platform, any other retry is not made. `left` is the rest of the time, `timeout` that of the next attempt.
#[must_use]
pub(crate) fn within(decision: Decision, left: Duration, timeout: Duration) -> Decision {
    match decision {
        Decision::CoolDown(wait) if !fits(wait, left, timeout) => Decision::Rebound(wait),
        Decision::Retry(wait) if !fits(wait, left, timeout) => Decision::OutOfTime,
        decision => decision,
    }
}

/// Whether there is time to wait for `wait`, and for the attempt after it.
#[must_use]
pub(crate) fn fits(wait: Duration, left: Duration, timeout: Duration) -> bool {
    Duration::try_from_secs_f64(wait.as_secs_f64() * (1.0 + JITTER))
        .is_ok_and(|wait| wait.saturating_add(timeout) <= left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn only_what_fits_into_the_rest_of_the_time_is_waited_for() {
        for (decision, left, want) in [
            (Decision::Retry(S(10)), S(26), Decision::Retry(S(10))),
            (Decision::Retry(S(10)), S(25), Decision::OutOfTime),
            (Decision::Retry(S(0)), S(15), Decision::Retry(S(0))),
            (Decision::Retry(S(0)), S(14), Decision::OutOfTime),
            (Decision::Retry(S(0)), S(0), Decision::OutOfTime),
            (Decision::Retry(Duration::MAX), S(1500), Decision::OutOfTime),
            (Decision::CoolDown(S(10)), S(26), Decision::CoolDown(S(10))),
            (Decision::CoolDown(S(10)), S(25), Decision::Rebound(S(10))),
            (Decision::Rebound(S(10)), S(0), Decision::Rebound(S(10))),
            (Decision::Refresh, S(0), Decision::Refresh),
            (Decision::Fail, S(0), Decision::Fail),
            (Decision::Done, S(0), Decision::Done),
        ] {
            assert_eq!(within(decision, left, S(15)), want, "{decision:?} {left:?}");
        }
    }
}
