//! At most N emits in any window of the interval's length (protocol, section 1.17). It keeps the times of the last N
//! emits: a token bucket would let up to twice as many through in one window, which the protocol forbids.

use std::{collections::VecDeque, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

use crate::telemetry::{WaitReason, waiting};

/// A limit for callers that wait in turn, first come, first served.
#[derive(Debug)]
pub(super) struct RateLimit {
    limit: usize,
    interval: Duration,
    recent: Mutex<VecDeque<Instant>>,
}

impl RateLimit {
    /// At most `limit` passes in any window of `interval`.
    pub(super) fn new(limit: usize, interval: Duration) -> Self {
        Self { limit: limit.max(1), interval, recent: Mutex::default() }
    }

    /// Waits until one more is allowed, and counts it.
    pub(super) async fn pass(&self) {
        let mut recent = self.recent.lock().await;
        let now = Instant::now();
        // Only what the window still holds is kept, however high the limit is.
        while recent.front().is_some_and(|passed| *passed + self.interval <= now) {
            recent.pop_front();
        }
        if recent.len() >= self.limit
            && let Some(oldest) = recent.pop_front()
        {
            waiting(WaitReason::PublishRate, sleep_until(oldest + self.interval)).await;
        }
        recent.push_back(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    async fn times(limit: usize, pauses: &[u64]) -> Vec<u128> {
        let rate = RateLimit::new(limit, Duration::from_millis(100));
        let start = Instant::now();
        let mut times = Vec::new();
        for pause in pauses {
            tokio::time::sleep(Duration::from_millis(*pause)).await;
            rate.pass().await;
            times.push(start.elapsed().as_millis());
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_the_rest_waits() {
        assert_eq!(times(2, &[0, 0, 0, 0, 0, 0]).await, [0, 0, 100, 100, 200, 200]);
        assert_eq!(times(2, &[0, 60, 0, 0]).await, [0, 60, 100, 160]);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_what_one_window_holds() {
        let rate = RateLimit::new(1_000_000, Duration::from_millis(100));
        for _ in 0..1000 {
            rate.pass().await;
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert!(rate.recent.lock().await.len() <= 10);
    }

    proptest! {
        #[test]
        fn no_window_exceeds_the_limit(limit in 1usize..5, pauses in proptest::collection::vec(0u64..80, 1..40)) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            let times = runtime.block_on(times(limit, &pauses));
            for pair in times.windows(limit + 1) {
                prop_assert!(pair[limit] - pair[0] >= 100);
            }
        }
    }
}
