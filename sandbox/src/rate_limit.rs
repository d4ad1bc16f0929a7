//! Podio's rate limit: so many calls in a window of time, which begins with its first call. Whoever calls more often is
//! told in words how long to wait, in whole seconds.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// How many calls there may be in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls that are let through.
    pub calls: u32,
    /// How long a window lasts.
    pub window: Duration,
}

impl FromStr for RateLimit {
    type Err = String;

    /// Reads `CALLS/SECONDS`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(calls, seconds)| Some((calls.parse().ok()?, seconds.parse().ok()?)));
        let (calls, seconds) = parts.ok_or("it has the form CALLS/SECONDS, e.g. 250/3600")?;
        Ok(Self { calls, window: Duration::from_secs(seconds) })
    }
}

/// How much of a limit is used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Pool {
    name: &'static str,
    /// Calls in a window.
    limit: u32,
    /// Seconds of a window.
    window: f64,
    /// Calls in this window, the refused ones too.
    used: u32,
    /// Seconds until the next window.
    resets_in: f64,
}

/// Counts the calls of all clients.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<Option<State>>);

#[derive(Debug)]
struct State {
    limit: RateLimit,
    window_end: Option<Instant>,
    calls: u32,
}

impl Limiter {
    pub(crate) fn set(&self, limit: Option<RateLimit>) {
        let state = limit.map(|limit| State { limit, window_end: None, calls: 0 });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The limit and what is used of it; none if there is no limit.
    pub(crate) fn pool(&self, now: Instant) -> Option<Pool> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { limit, window_end, calls } = state.as_ref()?;
        let resets_in = window_end.map_or(Duration::ZERO, |end| end.saturating_duration_since(now));
        let used = if resets_in.is_zero() { 0 } else { *calls };
        let (window, resets_in) = (limit.window.as_secs_f64(), resets_in.as_secs_f64());
        Some(Pool { name: "all calls but the token endpoint's", limit: limit.calls, window, used, resets_in })
    }

    /// Counts a call. If it is one too many, returns the seconds until the next window.
    pub(crate) fn refuse(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = state.as_mut()?;
        let end = match state.window_end {
            Some(end) if now < end => end,
            _ => {
                state.calls = 0;
                *state.window_end.insert(now + state.limit.window)
            }
        };
        state.calls = state.calls.saturating_add(1);
        (state.calls > state.limit.calls).then(|| (end - now).as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_beyond_the_limit_wait_for_the_next_window() {
        let limiter = Limiter::default();
        let begin = Instant::now();
        let at = |ms| limiter.refuse(begin + Duration::from_millis(ms));
        assert_eq!(at(0), None, "there is no limit");
        limiter.set(Some("2/3".parse().expect("a limit")));
        assert_eq!([100, 200, 300, 1100, 3099].map(at), [None, None, Some(3), Some(2), Some(1)]);
        assert_eq!([3100, 3200, 3300].map(at), [None, None, Some(3)]);
    }

    #[test]
    fn a_limit_without_both_numbers_is_refused() {
        for bad in ["", "5", "/5", "5/", "a/5", "-1/5"] {
            assert!(bad.parse::<RateLimit>().is_err(), "{bad}");
        }
    }
}
