//! Waiting with a bound: for a state that can only be asked for, not awaited.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a state is asked for.
const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// Asks `probe` again and again until it has something; fails after `bound` saying `what` did not come.
/// An error of the probe ends the wait at once.
pub async fn until<T>(what: &str, bound: Duration, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await? {
            return Ok(found);
        }
        if start.elapsed() >= bound {
            bail!("{what} did not come within {bound:?}");
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
