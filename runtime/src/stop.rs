//! The request to stop: one handle that everything which waits shares, and one error for what it cuts short.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// A request to stop the process, shared by everything that waits. Clones are one request.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken);

/// The process stops before the work was done; its message stays in the queue.
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

    /// Fails once the stop was requested: for steps that must not begin any more.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_requested() { Err(Stopped) } else { Ok(()) }
    }

    /// Awaits `work`, unless the stop is requested first; `work` is dropped then.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn cut_short<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        self.0.run_until_cancelled(work).await.ok_or(Stopped)
    }

    /// Waits, unless the stop is requested first.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn sleep(&self, wait: Duration) -> Result<(), Stopped> {
        self.cut_short(tokio::time::sleep(wait)).await
    }
}
