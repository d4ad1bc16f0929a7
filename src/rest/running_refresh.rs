//! A refresh under way, which several messages wait for.

use std::sync::Arc;

use tokio::{sync::watch, time::Instant};

use super::access_token::{AccessToken, TokenError};

/// What comes of a refresh.
pub(super) type Outcome = Result<Arc<AccessToken>, TokenError>;

/// A refresh under way.
#[derive(Clone)]
pub(super) struct RunningRefresh {
    /// When it began.
    pub(super) began: Instant,
    /// Its outcome; `None` until there is one.
    outcome: watch::Receiver<Option<Outcome>>,
}

impl RunningRefresh {
    /// A refresh that begins now, and where its outcome goes.
    pub(super) fn begin() -> (watch::Sender<Option<Outcome>>, Self) {
        let (sender, outcome) = watch::channel(None);
        (sender, Self { began: Instant::now(), outcome })
    }

    /// Whether it goes on: one that panicked has dropped its sender.
    pub(super) fn is_alive(&self) -> bool {
        self.outcome.has_changed().is_ok()
    }

    /// All messages that wait share the outcome, even a failure. Otherwise each would repeat a refused refresh.
    pub(super) async fn outcome(mut self) -> Outcome {
        let outcome = self.outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Err(TokenError::Unavailable("its refresh failed unexpectedly".to_owned())))
    }
}
