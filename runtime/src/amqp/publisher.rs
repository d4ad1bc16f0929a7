//! Publishes to the platform's exchange over whichever connection is up, and returns the outcome.

use std::sync::Arc;

use bytes::Bytes;
use lapin::types::ShortString;
use tokio::sync::watch;

use super::{Properties, PublishError, confirms::ConfirmBatcher};

/// Whether there is a connection to publish over.
#[derive(Clone)]
pub(super) enum LinkState {
    Up(Arc<ConfirmBatcher>),
    /// The connection broke; another is being opened.
    Down,
    /// There will be no other connection.
    Closed,
}

/// Publishes to one exchange over whichever connection is up.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(super) state: watch::Receiver<LinkState>,
    pub(super) exchange: Arc<str>,
}

impl Publisher {
    /// The exchange that it publishes to.
    pub(crate) fn exchange(&self) -> &str {
        &self.exchange
    }

    /// Publishes one message and waits until a queue has it. While the connection is down, waits for the next one.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub(crate) async fn publish(&self, key: &str, properties: Properties, body: Bytes) -> Result<(), PublishError> {
        let key = ShortString::try_new(key).map_err(|_| PublishError::KeyTooLong)?;
        self.up().await?.publish(key, properties, body).await
    }

    /// Refuses properties that are larger than a frame of the connection that is up; without one, nothing.
    ///
    /// # Errors
    /// [`PublishError::HeadersTooLarge`].
    pub(crate) fn fit(&self, properties: &Properties) -> Result<(), PublishError> {
        match &*self.state.borrow() {
            LinkState::Up(batcher) => properties.fit(batcher.connection().frame_max),
            LinkState::Down | LinkState::Closed => Ok(()),
        }
    }

    /// The connection that is up now, or the next one.
    async fn up(&self) -> Result<Arc<ConfirmBatcher>, PublishError> {
        if let LinkState::Up(batcher) = &*self.state.borrow() {
            return Ok(batcher.clone());
        }
        let mut states = self.state.clone();
        let state = states.wait_for(|state| !matches!(state, LinkState::Down)).await;
        match &*state.map_err(|_| PublishError::Closed)? {
            LinkState::Up(batcher) => Ok(batcher.clone()),
            LinkState::Down | LinkState::Closed => Err(PublishError::Closed),
        }
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}
