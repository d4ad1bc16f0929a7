//! Refreshes before expiry that failed: when the next one may begin. The token still works meanwhile, so a failure is
//! nobody's error.

use std::time::Duration;

use tokio::time::Instant;

/// The longest that messages wait for an early refresh, from its beginning; then they use the old token.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(5);
/// The wait after a failed early refresh; doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// Upper limit of that wait.
const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The early refreshes of the current token.
#[derive(Debug, Default)]
pub(super) struct EarlyRefresh {
    failures: u32,
    not_before: Option<Instant>,
}

impl EarlyRefresh {
    /// Whether one may begin now.
    pub(super) fn may_begin(&self) -> bool {
        self.not_before.is_none_or(|not_before| Instant::now() >= not_before)
    }

    /// Records a failure; returns the wait until the next one.
    pub(super) fn failed(&mut self) -> Duration {
        let pause = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(MAX_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + pause);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_pause_doubles_up_to_its_bound() {
        let mut early = EarlyRefresh::default();
        let mut pauses = Vec::new();
        for _ in 0..40 {
            assert!(early.may_begin());
            let pause = early.failed();
            pauses.push(pause.as_secs());
            tokio::time::advance(pause.saturating_sub(Duration::from_millis(1))).await;
            assert!(!early.may_begin());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(pauses[..8], [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(pauses[39], 3600);
    }
}
