//! What an API's answers say about what is left of its rate limit. It is only told: an API may refuse calls while it says
//! that some are left.

use elasticio_runtime::telemetry::rate_limit_left;
use reqwest::header::HeaderMap;

/// How an API says what is left.
#[derive(Debug)]
pub(crate) struct RateLimitHeaders {
    /// The header with the calls that are allowed.
    pub(crate) limit: &'static str,
    /// The header with those that are left.
    pub(crate) remaining: &'static str,
    /// The name of the pool with this limit, one of few.
    pub(crate) pool: fn(u64) -> &'static str,
}

impl RateLimitHeaders {
    /// Tells what an answer with these headers says, if it does.
    pub(super) fn tell(&self, headers: &HeaderMap) {
        let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        if let (Some(limit), Some(remaining)) = (number(self.limit), number(self.remaining)) {
            rate_limit_left((self.pool)(limit), limit, remaining);
        }
    }
}
