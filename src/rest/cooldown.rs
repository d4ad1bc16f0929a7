//! The shared pause after a rate limit: while it lasts, no message of the credential calls Podio
//! (protocol, section 11.4).

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

/// The time until which nobody calls.
#[derive(Debug, Default)]
pub(super) struct Cooldown(Mutex<Option<Instant>>);

impl Cooldown {
    /// Nobody calls for `wait` from now on; a pause that lasts longer already stays.
    pub(super) fn extend(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut pause = self.lock();
        *pause = Some(pause.map_or(until, |present| present.max(until)));
    }

    /// What is left of the pause.
    pub(super) fn left(&self) -> Duration {
        self.lock().map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_longest_pause_counts() {
        let cooldown = Cooldown::default();
        assert_eq!(cooldown.left(), Duration::ZERO);
        cooldown.extend(Duration::from_secs(5));
        cooldown.extend(Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cooldown.left(), Duration::from_secs(4));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(cooldown.left(), Duration::ZERO);
    }
}
