//! A bounded wait for a state that can only be polled.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Pause between two polls.
const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// Polls `probe` until it returns something; fails after `bound`, saying that `what` did not come. An error of the probe
/// ends the wait at once.
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
