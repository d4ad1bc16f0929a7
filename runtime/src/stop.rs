//! The request to stop: one handle shared by everything that waits, and one error for what a stop cuts short.

use std::time::Duration;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The longest wait, at the end of the process, for work that must be finished ([`Stop::outlive`]).
const FINISH_TIMEOUT: Duration = Duration::from_secs(240);

/// A request to stop the process, shared by everything that waits. Clones share one request.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken, TaskTracker);

/// The process stops before a message is done; the message stays in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker stops; the message goes back to the queue")]
pub struct Stopped;

impl Stop {
    /// Requests the stop. Further requests change nothing.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Whether the stop was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for the request.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// Fails once the stop was requested, for steps that must not begin after that.
    ///
    /// # Errors
    /// [`Stopped`] once the stop was requested.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_requested() { Err(Stopped) } else { Ok(()) }
    }

    /// Awaits `work` and returns its output, unless the stop is requested first; then `work` is dropped.
    ///
    /// # Errors
    /// [`Stopped`] when the stop is requested first.
    pub async fn cut_short<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        self.0.run_until_cancelled(work).await.ok_or(Stopped)
    }

    /// Starts `work` that must be finished, even if the message that it began with ends earlier or the stop is requested.
    pub fn outlive(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.1.spawn(work);
    }

    /// Waits for the work of [`Self::outlive`], before the process ends. The wait is bounded.
    pub async fn finish(&self) {
        self.1.close();
        if tokio::time::timeout(FINISH_TIMEOUT, self.1.wait()).await.is_err() {
            tracing::error!(unfinished = self.1.len(), "stopped before all work was finished");
        }
    }

    /// Sleeps for `wait`, unless the stop is requested first.
    ///
    /// # Errors
    /// [`Stopped`] when the stop is requested first.
    pub async fn sleep(&self, wait: Duration) -> Result<(), Stopped> {
        self.cut_short(tokio::time::sleep(wait)).await
    }
}
