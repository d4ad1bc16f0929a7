//! The summary lines: what the worker has done so far.

use std::{convert::Infallible, time::Duration};

use crate::telemetry::totals;

/// How often there is a summary line.
const INTERVAL: Duration = Duration::from_secs(60);

/// Runs `work`, with a summary line every minute and one at its end.
pub(super) async fn of<T>(work: impl Future<Output = T>) -> T {
    logged(work, || totals().log()).await
}

async fn logged<T>(work: impl Future<Output = T>, mut log: impl FnMut()) -> T {
    let done = tokio::select! {
        biased;
        done = work => done,
        never = every_minute(&mut log) => match never {},
    };
    log();
    done
}

async fn every_minute(log: &mut impl FnMut()) -> Infallible {
    loop {
        tokio::time::sleep(INTERVAL).await;
        log();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn there_is_a_line_every_minute_and_one_at_the_end() {
        let (began, mut lines) = (Instant::now(), Vec::new());
        logged(sleep(Duration::from_secs(150)), || lines.push(began.elapsed().as_secs())).await;
        assert_eq!(lines, [60, 120, 150]);
    }
}
