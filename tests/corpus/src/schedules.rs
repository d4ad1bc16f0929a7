//! The seeds of random schedules: `SCHEDULES=3000` runs more of them, `SEED=7` a single one.

use std::ops::Range;

/// The seeds to run: so many, unless the environment says otherwise.
#[must_use]
pub fn seeds(count: u64) -> Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    number("SEED").map_or(0..number("SCHEDULES").unwrap_or(count), |seed: u64| seed..seed + 1)
}
