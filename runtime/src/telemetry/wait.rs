//! A wait, as figures see it.

use std::time::Instant;

use super::{metrics::metrics, traces};

/// Why something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// Before a call is repeated.
    Retry,
    /// For the end of an API's rate limit.
    RateLimit,
    /// For the platform's limit of emits.
    PublishRate,
    /// For memory for a large body.
    Memory,
    /// Before a publish is repeated.
    PublishRetry,
}

impl WaitReason {
    fn label(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::RateLimit => "rate_limit",
            Self::PublishRate => "publish_rate",
            Self::Memory => "memory",
            Self::PublishRetry => "publish_retry",
        }
    }
}

/// Waits for `wait` to end, and counts how long that took.
pub async fn waiting<T>(reason: WaitReason, wait: impl Future<Output = T>) -> T {
    // Counted when it is cut short as well.
    let _counted = Counted { reason, began: Instant::now() };
    wait.await
}

struct Counted {
    reason: WaitReason,
    began: Instant,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let (reason, took) = (self.reason.label(), self.began.elapsed());
        if let Some(metrics) = metrics() {
            metrics.waited(reason, took);
        }
        traces::waited(reason, took);
    }
}
