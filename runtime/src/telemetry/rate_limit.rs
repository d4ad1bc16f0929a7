//! What is left of an API's rate limit.

use super::{metrics::metrics, totals::totals};

/// An answer says how much is left of the rate limit of `pool`, one of few names.
pub fn rate_limit_left(pool: &'static str, limit: u64, remaining: u64) {
    totals().rate_limit(pool, limit, remaining);
    if let Some(metrics) = metrics() {
        metrics.rate_limit(pool, limit, remaining);
    }
}
