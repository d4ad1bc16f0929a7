//! The summary lines: what the worker has done so far.

use std::time::Duration;

use crate::telemetry::totals;

/// How often there is a summary line.
const INTERVAL: Duration = Duration::from_secs(60);

/// Runs `work`, with a summary line every minute and one at its end.
pub(super) async fn of<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::select! {
        biased;
        done = work => done,
        never = every_minute() => match never {},
    };
    totals().log();
    done
}

async fn every_minute() -> std::convert::Infallible {
    loop {
        tokio::time::sleep(INTERVAL).await;
        totals().log();
    }
}
