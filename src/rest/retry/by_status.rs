//! What the builder of a step chose for answers by their status. Pure.

use super::Decision;
use crate::rest::Statuses;

/// Answers that are retried, or not, other than the retry policy says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByStatus {
    /// Retried, too. A 401 keeps its meaning.
    pub(crate) retried: Statuses,
    /// Not retried; this comes before `retried`. A 401 still gets a new token, and a rate limit still holds the
    /// credential's other messages.
    pub(crate) given_up: Statuses,
}

impl ByStatus {
    /// The decision about an answer with `status`.
    pub(crate) fn decide(&self, decision: Decision, status: Option<u16>) -> Decision {
        let is_given_up = status.is_some_and(|status| self.given_up.contains(status));
        match decision {
            Decision::Retry(_) | Decision::CoolDown(_) | Decision::Rebound(_) if is_given_up => Decision::Fail,
            decision => decision,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_would_be_retried_is_given_up() {
        let given_up = Statuses::parse("400-599").expect("well formed");
        let by_status = ByStatus { retried: given_up, given_up };
        let wait = Duration::from_secs(1);
        for decision in [Decision::Retry(wait), Decision::CoolDown(wait), Decision::Rebound(wait)] {
            assert_eq!(by_status.decide(decision, Some(503)), Decision::Fail);
            assert_eq!(by_status.decide(decision, None), decision, "there was no answer");
            assert_eq!(ByStatus::default().decide(decision, Some(503)), decision);
        }
        for decision in [Decision::Done, Decision::Refresh, Decision::Unauthorized, Decision::OutcomeUnknown] {
            assert_eq!(by_status.decide(decision, Some(503)), decision);
        }
    }
}
