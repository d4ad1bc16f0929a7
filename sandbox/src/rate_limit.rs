//! Podio's rate limits: so many calls in a window of time, which begins with its first call. One limit is for all calls, a
//! smaller one for some of them. Whoever calls more often is told in words how long to wait, in whole seconds.

use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// The pools of calls that have a limit of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolName {
    /// All calls but those of the token endpoint.
    All,
    /// The calls that Podio's documentation marks "Rate limited".
    Marked,
}

/// Counts the calls of all clients.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<Pools>);

#[derive(Debug, Default)]
struct Pools {
    all: Option<Window>,
    marked: Option<Window>,
}

#[derive(Debug)]
struct Window {
    limit: RateLimit,
    end: Option<Instant>,
    calls: u32,
}

impl Limiter {
    /// Sets a pool's limit, or none, and begins to count anew.
    pub(crate) fn set(&self, pool: PoolName, limit: Option<RateLimit>) {
        let window = limit.map(|limit| Window { limit, end: None, calls: 0 });
        let mut pools = self.lock();
        match pool {
            PoolName::All => pools.all = window,
            PoolName::Marked => pools.marked = window,
        }
    }

    /// The limits, and what is used of them.
    pub(crate) fn pools(&self, now: Instant) -> Vec<Pool> {
        let pools = self.lock();
        let all = pools.all.as_ref().map(|window| window.show("all calls but the token endpoint's", now));
        let marked = pools.marked.as_ref().map(|window| window.show("creating, filtering, searching", now));
        all.into_iter().chain(marked).collect()
    }

    /// Counts a call. If it is refused, returns the seconds to wait. After a marked call too many, Podio refuses every
    /// call, marked or not (`developers.podio.com/index/limits`).
    pub(crate) fn refuse(&self, now: Instant, is_marked: bool) -> Option<u64> {
        let mut pools = self.lock();
        if let Some(all) = &mut pools.all {
            all.count(now);
        }
        if let Some(marked) = &mut pools.marked
            && is_marked
        {
            marked.count(now);
        }
        let waits = [&pools.all, &pools.marked].into_iter().flatten().filter_map(|window| window.wait(now));
        waits.max().map(|wait| wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
    }

    fn lock(&self) -> MutexGuard<'_, Pools> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn count(&mut self, now: Instant) {
        if self.end.is_none_or(|end| end <= now) {
            self.calls = 0;
            self.end = Some(now + self.limit.window);
        }
        self.calls = self.calls.saturating_add(1);
    }

    /// How long there will be no calls, if there were too many.
    fn wait(&self, now: Instant) -> Option<Duration> {
        let end = self.end.filter(|&end| now < end && self.calls > self.limit.calls)?;
        Some(end - now)
    }

    fn show(&self, name: &'static str, now: Instant) -> Pool {
        let resets_in = self.end.map_or(Duration::ZERO, |end| end.saturating_duration_since(now));
        let used = if resets_in.is_zero() { 0 } else { self.calls };
        let (window, resets_in) = (self.limit.window.as_secs_f64(), resets_in.as_secs_f64());
        Pool { name, limit: self.limit.calls, window, used, resets_in }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_beyond_the_limit_wait_for_the_next_window() {
        let limiter = Limiter::default();
        let begin = Instant::now();
        let at = |ms| limiter.refuse(begin + Duration::from_millis(ms), false);
        assert_eq!(at(0), None, "there is no limit");
        limiter.set(PoolName::All, Some("2/3".parse().expect("a limit")));
        assert_eq!([100, 200, 300, 1100, 3099].map(at), [None, None, Some(3), Some(2), Some(1)]);
        assert_eq!([3100, 3200, 3300].map(at), [None, None, Some(3)]);
    }

    #[test]
    fn a_marked_call_too_many_stops_all_calls_until_its_window_ends() {
        let limiter = Limiter::default();
        let begin = Instant::now();
        let at = |ms, is_marked| limiter.refuse(begin + Duration::from_millis(ms), is_marked);
        limiter.set(PoolName::All, Some("4/100".parse().expect("a limit")));
        limiter.set(PoolName::Marked, Some("1/3".parse().expect("a limit")));
        assert_eq!([at(0, false), at(0, true), at(1000, false)], [None, None, None]);
        assert_eq!([at(1000, true), at(1000, false), at(3001, false)], [Some(2), Some(99), Some(97)]);
        let used: Vec<_> = limiter.pools(begin + Duration::from_secs(1)).iter().map(|pool| pool.used).collect();
        assert_eq!(used, [6, 2]);
    }

    #[test]
    fn a_limit_without_both_numbers_is_refused() {
        for bad in ["", "5", "/5", "5/", "a/5", "-1/5"] {
            assert!(bad.parse::<RateLimit>().is_err(), "{bad}");
        }
    }
}
