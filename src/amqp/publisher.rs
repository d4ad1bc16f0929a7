//! Publishes to the platform's exchange over whichever connection is up, and tells what became of it.

use std::sync::Arc;

use bytes::Bytes;
use lapin::types::ShortString;
use tokio::sync::watch;

use super::{Properties, outlet::Outlet};

/// Why a publish did not reach a queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No queue is bound for the routing key.
    #[error("no queue takes routing key \"{0}\" (basic.return); bind one to the exchange")]
    Returned(String),
    /// The broker refused it.
    #[error("the broker refused the message (basic.nack)")]
    Nacked,
    /// The connection or channel broke; whether the message arrived is unknown.
    #[error("the connection to the broker broke: {0}")]
    Broken(String),
    /// The routing key is longer than AMQP's 255 bytes.
    #[error("the routing key is longer than 255 bytes")]
    KeyTooLong,
    /// The worker has let go of the broker.
    #[error("the connection to the broker is closed")]
    Closed,
}

impl From<lapin::Error> for PublishError {
    fn from(error: lapin::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Whether there is a connection to publish over.
#[derive(Clone)]
pub(super) enum OutletState {
    Up(Arc<Outlet>),
    /// It will come back.
    Down,
    /// It will not.
    Closed,
}

/// Publishes to one exchange over whichever connection is up.
#[derive(Clone)]
pub struct Publisher {
    pub(super) outlet: watch::Receiver<OutletState>,
}

impl Publisher {
    /// Publishes one message and waits until a queue has it. While the connection is down, waits for the next one.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn publish(&self, key: &str, properties: Properties, body: Bytes) -> Result<(), PublishError> {
        let key = ShortString::try_new(key).map_err(|_| PublishError::KeyTooLong)?;
        self.outlet().await?.publish(key, properties, body).await
    }

    /// The connection that is up now, or the next one.
    async fn outlet(&self) -> Result<Arc<Outlet>, PublishError> {
        if let OutletState::Up(outlet) = &*self.outlet.borrow() {
            return Ok(outlet.clone());
        }
        let mut states = self.outlet.clone();
        let state = states.wait_for(|state| !matches!(state, OutletState::Down)).await;
        match &*state.map_err(|_| PublishError::Closed)? {
            OutletState::Up(outlet) => Ok(outlet.clone()),
            OutletState::Down | OutletState::Closed => Err(PublishError::Closed),
        }
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}
