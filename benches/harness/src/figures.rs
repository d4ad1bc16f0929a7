//! The figures of runs, and their statistics.

use serde::Serialize;

/// What one run measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Messages per second, from the end of the first round of results to the last result.
    pub(crate) rate: f64,
    /// CPU milliseconds per message, of the contender's process alone, over the same time.
    pub(crate) cpu_ms: f64,
    /// The most memory that the contender used, MiB.
    pub(crate) peak_mib: f64,
    /// Milliseconds from the contender's start to its first result.
    pub(crate) first_ms: f64,
}

/// Minimum, median and maximum.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self { min: at(0), median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), max: at(last) }
    }
}

/// The value that `part` (0 to 1) of the sorted values are below.
pub(crate) fn percentile(sorted: &[f64], part: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an index")]
    let index = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

/// KiB as MiB.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
