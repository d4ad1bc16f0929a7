//! Publishes with `mandatory` and waits for the confirm. A channel carries one publish at a time: RabbitMQ sends
//! `basic.return` before the confirm of the message it returns, but in no order with other confirms, and the client
//! library hands a return to whichever confirm comes next. With one publish per channel that is the right one.

use std::sync::{Arc, Mutex, PoisonError};

use lapin::{
    Channel, Confirmation, Connection,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::sync::{Semaphore, watch};

use super::Properties;

/// Publishes under way at once, at most; RabbitMQ allows 2,047 channels on a connection by default.
pub(super) const MAX_PUBLISH_CHANNELS: usize = 2000;

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

/// The publishing side of one connection.
pub(super) struct Outlet {
    connection: Connection,
    idle: Mutex<Vec<Channel>>,
    slots: Semaphore,
}

impl Outlet {
    pub(super) fn new(connection: Connection) -> Self {
        let allowed = match connection.configuration().channel_max() {
            0 => MAX_PUBLISH_CHANNELS,
            max => usize::from(max - 1).min(MAX_PUBLISH_CHANNELS),
        };
        Self { connection, idle: Mutex::default(), slots: Semaphore::new(allowed.max(1)) }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Opens the first channel, so that the first publish need not wait for it.
    pub(super) async fn warm_up(&self) -> Result<(), lapin::Error> {
        let channel = self.checkout().await?;
        self.idle().push(channel);
        Ok(())
    }

    async fn publish(
        &self,
        exchange: ShortString,
        key: ShortString,
        properties: &Properties,
        body: &[u8],
    ) -> Result<(), PublishError> {
        let _slot = self.slots.acquire().await.map_err(|_| PublishError::Closed)?;
        let channel = self.checkout().await?;
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let confirmation =
            channel.basic_publish(exchange, key.clone(), options, body, properties.0.clone()).await?.await?;
        // Only a channel whose publish came to its end is used again.
        self.idle().push(channel);
        match confirmation {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(PublishError::Returned(key.to_string())),
            Confirmation::Nack(None) | Confirmation::NotRequested => Err(PublishError::Nacked),
        }
    }

    async fn checkout(&self) -> Result<Channel, lapin::Error> {
        loop {
            let Some(channel) = self.idle().pop() else { break };
            if channel.status().connected() {
                return Ok(channel);
            }
        }
        let channel = self.connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(super) exchange: ShortString,
    pub(super) outlet: watch::Receiver<OutletState>,
}

impl Publisher {
    /// Publishes one message and waits until a queue has it. While the connection is down, waits for the next one.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn publish(&self, key: &str, properties: &Properties, body: &[u8]) -> Result<(), PublishError> {
        let key = ShortString::try_new(key).map_err(|_| PublishError::KeyTooLong)?;
        let mut states = self.outlet.clone();
        let state = states
            .wait_for(|state| !matches!(state, OutletState::Down))
            .await
            .map_err(|_| PublishError::Closed)?
            .clone();
        let OutletState::Up(outlet) = state else {
            return Err(PublishError::Closed);
        };
        outlet.publish(self.exchange.clone(), key, properties, body).await
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}
