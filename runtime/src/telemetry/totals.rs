//! What the process has done so far, for its summary lines. One process is one step, so there is one count of each.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Why a call was repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retried {
    /// An answer with this HTTP status.
    Status(u16),
    /// No answer, or one that cannot be read.
    NoAnswer,
}

impl Display for Retried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::NoAnswer => f.write_str("no answer"),
        }
    }
}

/// What is left of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RateLimit {
    limit: u64,
    remaining: u64,
}

/// Counts since the start.
#[derive(Debug)]
pub struct Totals {
    done: AtomicU64,
    failed: AtomicU64,
    handed_back: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
    calls: AtomicU64,
    retries: Mutex<BTreeMap<Retried, u64>>,
    rate_limits: Mutex<BTreeMap<&'static str, RateLimit>>,
}

static TOTALS: Totals = Totals {
    done: AtomicU64::new(0),
    failed: AtomicU64::new(0),
    handed_back: AtomicU64::new(0),
    begun: AtomicU64::new(0),
    ended: AtomicU64::new(0),
    calls: AtomicU64::new(0),
    retries: Mutex::new(BTreeMap::new()),
    rate_limits: Mutex::new(BTreeMap::new()),
};

/// The counts of this process.
#[must_use]
pub fn totals() -> &'static Totals {
    &TOTALS
}

impl Totals {
    /// The work on a message began.
    pub(crate) fn begun(&self) {
        self.begun.fetch_add(1, Relaxed);
    }

    /// The work on a message ended, whatever came of it.
    pub(crate) fn ended(&self) {
        self.ended.fetch_add(1, Relaxed);
    }

    /// A message was acknowledged.
    pub(crate) fn done(&self) {
        self.done.fetch_add(1, Relaxed);
    }

    /// A message was rejected.
    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    /// A message was rebounded.
    pub(crate) fn handed_back(&self) {
        self.handed_back.fetch_add(1, Relaxed);
    }

    /// An API was called, or called again.
    pub fn called(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    /// A call is repeated.
    pub fn retried(&self, why: Retried) {
        *lock(&self.retries).entry(why).or_default() += 1;
    }

    /// An answer says how much is left of the rate limit of `pool`.
    pub fn rate_limit(&self, pool: &'static str, limit: u64, remaining: u64) {
        lock(&self.rate_limits).insert(pool, RateLimit { limit, remaining });
    }

    /// Messages in work now.
    pub(crate) fn in_work(&self) -> u64 {
        let ended = self.ended.load(Relaxed);
        self.begun.load(Relaxed).saturating_sub(ended)
    }

    /// Writes the summary line.
    pub(crate) fn log(&self) {
        let retries = list(&lock(&self.retries), |why, count| format!("{why}: {count}"));
        let left = list(&lock(&self.rate_limits), |pool, RateLimit { limit, remaining }| {
            format!("{pool}: {remaining} of {limit}")
        });
        tracing::info!(
            done = self.done.load(Relaxed),
            failed = self.failed.load(Relaxed),
            handed_back = self.handed_back.load(Relaxed),
            in_work = self.in_work(),
            calls = self.calls.load(Relaxed),
            retries,
            rate_limit_left = left,
            "so far"
        );
    }
}

/// The entries as a text; `none` without any.
fn list<K, V>(entries: &BTreeMap<K, V>, text: impl Fn(&K, &V) -> String) -> String {
    let texts: Vec<String> = entries.iter().map(|(key, value)| text(key, value)).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
