//! The cooldown after a rate limit: while it lasts, no message of the credential calls the API
//! (protocol, section 11.4).

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

/// The time before which no call is made.
#[derive(Debug, Default)]
pub(super) struct Cooldown(Mutex<Option<Instant>>);

impl Cooldown {
    /// Starts a cooldown of `wait`; a cooldown that ends later is kept.
    pub(super) fn extend(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut current = self.lock();
        *current = Some(current.map_or(until, |current| current.max(until)));
    }

    /// The rest of the cooldown.
    pub(super) fn remaining(&self) -> Duration {
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
    async fn the_longest_cooldown_applies() {
        let cooldown = Cooldown::default();
        assert_eq!(cooldown.remaining(), Duration::ZERO);
        cooldown.extend(Duration::from_secs(5));
        cooldown.extend(Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cooldown.remaining(), Duration::from_secs(4));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(cooldown.remaining(), Duration::ZERO);
    }
}
