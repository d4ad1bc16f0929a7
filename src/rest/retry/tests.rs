//! Tables and property tests of the retry policy.

use super::*;
use proptest::prelude::*;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn policy() -> Policy {
    Policy {
        retries: 2,
        delay: MS(1000),
        server_retries: None,
        max_hold: MS(60_000),
        only_unsent: false,
        idempotent: true,
    }
}

/// An answer of an API whose rate limits are 420 and 429.
fn answer(status: u16) -> Outcome {
    match status {
        420 | 429 => Outcome::RateLimited(None),
        _ => Outcome::of_answer(status, None, false, false),
    }
}

fn other_origin(status: u16) -> Outcome {
    Outcome::of_answer(status, None, true, false)
}

fn limited(seconds: u64) -> Outcome {
    Outcome::RateLimited(Some(Duration::from_secs(seconds)))
}

fn failed(seconds: u64) -> Outcome {
    Outcome::of_answer(503, Some(Duration::from_secs(seconds)), false, false)
}

/// The decision after each of the `outcomes` of one request.
fn run(policy: &Policy, outcomes: &[Outcome]) -> Vec<Decision> {
    let mut history = History::default();
    outcomes
        .iter()
        .map(|outcome| {
            let decision = decide(policy, history, *outcome);
            history = record(history, *outcome);
            decision
        })
        .collect()
}

/// An answer that the step's builder wants retried.
fn chosen(status: u16) -> Outcome {
    Outcome::of_answer(status, None, false, true)
}

#[test]
fn decisions_after_a_series_of_outcomes() {
    use Decision::{CoolDown, Done, Fail, OutcomeUnknown, Rebound, Refresh, Retry, Unauthorized};
    let none = Policy { retries: 0, ..policy() };
    let quick = Policy { delay: MS(50), ..policy() };
    let server = Policy { server_retries: Some(1), ..policy() };
    let safe = Policy { only_unsent: true, ..policy() };
    let post = Policy { idempotent: false, ..policy() };
    for (policy, outcomes, want) in [
        (policy(), vec![answer(200)], vec![Done]),
        (policy(), vec![answer(204)], vec![Done]),
        (policy(), vec![answer(404)], vec![Fail]),
        (policy(), vec![answer(304)], vec![Fail]),
        (policy(), vec![answer(501)], vec![Fail]),
        (policy(), vec![answer(500); 3], vec![Retry(MS(100)), Retry(MS(1000)), Fail]),
        (policy(), vec![Outcome::NotSent, Outcome::Broken, answer(504)], vec![Retry(MS(100)), Retry(MS(1000)), Fail]),
        (policy(), vec![answer(429), answer(500), answer(500)], vec![CoolDown(MS(1000)), Retry(MS(100)), Fail]),
        (quick, vec![answer(503); 3], vec![Retry(MS(50)), Retry(MS(50)), Fail]),
        (policy(), vec![chosen(408), chosen(501), chosen(423)], vec![Retry(MS(100)), Retry(MS(1000)), Fail]),
        (policy(), vec![chosen(401), chosen(200)], vec![Refresh, Done]),
        (safe, vec![chosen(423), chosen(520)], vec![Retry(MS(100)), OutcomeUnknown]),
        (server, vec![answer(500), answer(500)], vec![Retry(MS(100)), Fail]),
        (server, vec![answer(429), answer(429), answer(429)], vec![CoolDown(MS(1000)), CoolDown(MS(1000)), Fail]),
        (none, vec![answer(500)], vec![Fail]),
        (none, vec![limited(300)], vec![Fail]),
        (policy(), vec![limited(3)], vec![CoolDown(MS(3000))]),
        (policy(), vec![limited(60)], vec![CoolDown(MS(60_000))]),
        (policy(), vec![limited(61)], vec![Rebound(MS(61_000))]),
        (policy(), vec![failed(2), failed(0), failed(9)], vec![Retry(MS(2000)), Retry(MS(1000)), Fail]),
        (policy(), vec![failed(60)], vec![Retry(MS(60_000))]),
        (policy(), vec![failed(61)], vec![Rebound(MS(61_000))]),
        (none, vec![failed(61)], vec![Fail]),
        (safe, vec![failed(2)], vec![OutcomeUnknown]),
        (policy(), vec![answer(401), answer(200)], vec![Refresh, Done]),
        (policy(), vec![answer(401), answer(401)], vec![Refresh, Unauthorized]),
        (none, vec![answer(401), answer(500)], vec![Refresh, Fail]),
        (
            policy(),
            vec![answer(401), answer(500), answer(500), answer(500)],
            vec![Refresh, Retry(MS(100)), Retry(MS(1000)), Fail],
        ),
        (safe, vec![Outcome::NotSent, Outcome::Broken], vec![Retry(MS(100)), OutcomeUnknown]),
        (safe, vec![answer(500)], vec![OutcomeUnknown]),
        (safe, vec![answer(420), answer(200)], vec![CoolDown(MS(1000)), Done]),
        (policy(), vec![Outcome::Unreadable; 3], vec![Retry(MS(100)), Retry(MS(1000)), Fail]),
        (safe, vec![Outcome::Unreadable], vec![OutcomeUnknown]),
        (post, vec![Outcome::Unreadable], vec![OutcomeUnknown]),
        (post, vec![Outcome::NotSent, Outcome::Broken, answer(500)], vec![Retry(MS(100)), Retry(MS(1000)), Fail]),
        (policy(), vec![Outcome::Permanent], vec![Fail]),
        (policy(), vec![other_origin(401)], vec![Fail]),
        (policy(), vec![other_origin(420)], vec![Fail]),
        (policy(), vec![other_origin(429)], vec![Fail]),
        (policy(), vec![other_origin(200)], vec![Done]),
        (policy(), vec![other_origin(503), answer(401)], vec![Retry(MS(100)), Refresh]),
        (safe, vec![other_origin(503)], vec![OutcomeUnknown]),
    ] {
        assert_eq!(run(&policy, &outcomes), want, "{outcomes:?}");
    }
}

#[test]
fn an_attempt_that_failed_may_have_been_executed() {
    for (outcomes, want) in [
        (vec![answer(404)], false),
        (vec![Outcome::NotSent, answer(401), answer(420), answer(404)], false),
        (vec![Outcome::Broken, answer(404)], true),
        (vec![Outcome::Unreadable, answer(401), answer(404)], true),
        (vec![failed(0), answer(404)], true),
    ] {
        let history = outcomes.iter().fold(History::default(), |history, outcome| record(history, *outcome));
        assert_eq!(history.ambiguous, want, "{outcomes:?}");
    }
}

#[test]
fn every_rate_limit_starts_a_cooldown() {
    let long = Policy { delay: MS(9000), ..policy() };
    for (policy, outcome, want) in [
        (policy(), answer(420), Some(MS(1000))),
        (policy(), answer(429), Some(MS(1000))),
        (policy(), limited(300), Some(MS(300_000))),
        (long, limited(3), Some(MS(9000))),
        (policy(), answer(503), None),
        (policy(), other_origin(420), None),
        (policy(), answer(200), None),
        (policy(), Outcome::Broken, None),
    ] {
        assert_eq!(cooldown(&policy, outcome), want, "{outcome:?}");
        let none = Policy { retries: 0, ..policy };
        assert_eq!(cooldown(&none, outcome), want, "{outcome:?}, the last attempt");
    }
}

#[test]
fn a_refresh_waits_for_a_bounded_time_and_a_bounded_number_of_times() {
    use Decision::{CoolDown, Rebound};
    for (times, wait, want) in [
        (1, MS(0), CoolDown(MS(0))),
        (1, MS(60_000), CoolDown(MS(60_000))),
        (1, MS(60_001), Rebound(MS(60_001))),
        (MAX_LIMITED_REFRESHES, MS(1), CoolDown(MS(1))),
        (MAX_LIMITED_REFRESHES + 1, MS(1), Rebound(MS(1))),
    ] {
        assert_eq!(after_limited_refresh(MS(60_000), times, wait), want, "{times} {wait:?}");
    }
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::NotSent),
        Just(Outcome::Broken),
        Just(Outcome::Unreadable),
        Just(Outcome::Permanent),
        (
            prop_oneof![Just(200), Just(401), Just(404), Just(420), Just(429), Just(500), Just(503), 100u16..600],
            proptest::option::of(0u64..500),
            any::<bool>()
        )
            .prop_map(|(status, wait, other_origin)| {
                let wait = wait.map(Duration::from_secs);
                let limited = matches!(status, 420 | 429) && !other_origin;
                if limited { Outcome::RateLimited(wait) } else { Outcome::of_answer(status, wait, other_origin, false) }
            }),
    ]
}

proptest! {
    #[test]
    fn a_request_ends_within_its_attempts(
        outcomes in proptest::collection::vec(outcomes(), 1..40),
        retries in 0u32..8,
        delay in 0u64..100_000,
        server_retries in proptest::option::of(0u32..=5),
        only_unsent: bool,
        idempotent: bool,
    ) {
        let policy = Policy { retries, delay: MS(delay), server_retries, max_hold: MS(60_000), only_unsent, idempotent };
        let decisions = run(&policy, &outcomes);
        let sent = 1 + decisions.iter().take_while(|decision| matches!(decision, Decision::Retry(_) | Decision::CoolDown(_) | Decision::Refresh)).count();
        let refreshes = decisions.iter().filter(|decision| **decision == Decision::Refresh).count();
        let bound = 1 + retries.max(server_retries.unwrap_or(retries)) as usize;
        if sent <= outcomes.len() {
            prop_assert!(sent - refreshes <= bound);
        }
        prop_assert!(refreshes <= 1);
        for (decision, outcome) in decisions.iter().zip(&outcomes) {
            let requested_wait = match outcome {
                Outcome::RateLimited(wait) | Outcome::Failed(wait) => wait.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            if let Decision::CoolDown(wait) | Decision::Rebound(wait) | Decision::Retry(wait) = decision {
                prop_assert!(*wait >= requested_wait);
                prop_assert!(*wait <= requested_wait.max(MS(delay)));
            }
            if let Decision::Rebound(wait) = decision {
                prop_assert!(*wait > policy.max_hold);
            }
            if let Decision::CoolDown(wait) = decision {
                prop_assert!(*wait >= MS(delay) && *wait <= policy.max_hold);
            }
            if let Decision::Retry(_) = decision {
                prop_assert!(requested_wait <= policy.max_hold);
                prop_assert!(!only_unsent || *outcome == Outcome::NotSent);
                prop_assert!(idempotent || *outcome != Outcome::Unreadable);
            }
        }
    }

    #[test]
    fn jitter_adds_at_most_a_tenth(wait in 0u64..1_000_000, random in 0.0f64..1.0) {
        let jittered = jittered(MS(wait), random);
        prop_assert!(jittered >= MS(wait));
        prop_assert!(jittered <= MS(wait + wait / 10 + 1));
    }
}
