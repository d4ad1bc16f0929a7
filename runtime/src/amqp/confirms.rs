//! Publishes over one connection, `mandatory` and with confirms. Messages published at the same moment form a batch
//! on one channel, which carries nothing else until the whole batch is confirmed.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use lapin::{Channel, options::ConfirmSelectOptions, types::ShortString};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    Properties, PublishError,
    batch::{PendingPublish, PublishResult, closed, outcomes, publish_all},
    connection::BrokerConnection,
    events::{PublishesAccepted, PublishesRefused},
    max_message_size::MaxMessageSize,
};

/// The most batches in flight at a time, each on its own channel; RabbitMQ allows 2,047 channels per connection by
/// default.
pub(super) const MAX_PUBLISH_CHANNELS: usize = 2000;

/// Bytes of the largest message that shares its channel with others. The broker closes the channel of a message that is
/// too large for it, and whether the others on it arrived is unknown then: they would be published twice.
const MAX_SHARED: usize = 64 * 1024;

/// Publishes over one connection to one exchange.
pub(super) struct ConfirmBatcher {
    connection: BrokerConnection,
    exchange: ShortString,
    max_message_size: MaxMessageSize,
    /// Whether the broker refuses what is published, and the operator was told so.
    refused: AtomicBool,
    /// The next batch; its first publish spawns the task that sends it.
    gathered: Mutex<Vec<PendingPublish>>,
    /// Channels without unconfirmed publishes, for reuse.
    idle: Mutex<Vec<Channel>>,
    slots: Semaphore,
    /// Cancelled once the connection is over.
    gone: CancellationToken,
}

impl ConfirmBatcher {
    pub(super) fn new(connection: BrokerConnection, exchange: ShortString, max_message_size: MaxMessageSize) -> Self {
        let allowed = match connection.lapin.configuration().channel_max() {
            0 => MAX_PUBLISH_CHANNELS,
            max => usize::from(max - 1).min(MAX_PUBLISH_CHANNELS),
        };
        let slots = Semaphore::new(allowed.max(1));
        Self {
            connection,
            exchange,
            max_message_size,
            refused: AtomicBool::new(false),
            gathered: Mutex::default(),
            idle: Mutex::default(),
            slots,
            gone: CancellationToken::new(),
        }
    }

    pub(super) fn connection(&self) -> &BrokerConnection {
        &self.connection
    }

    /// Ends the connection at once; what is not confirmed is broken soon.
    pub(super) fn abandon(&self) {
        self.connection.shut();
        self.gone.cancel();
    }

    /// Opens the first channel, so that the first publish does not wait for it.
    pub(super) async fn warm_up(&self) -> Result<(), lapin::Error> {
        let channel = self.open_channel().await?;
        lock(&self.idle).push(channel);
        Ok(())
    }

    /// Publishes one message and waits until a queue has it.
    pub(super) async fn publish(
        self: Arc<Self>,
        key: ShortString,
        properties: Properties,
        body: Bytes,
    ) -> PublishResult {
        self.max_message_size.allow(body.len())?;
        properties.fit(self.connection.frame_max)?;
        let (done, outcome) = oneshot::channel();
        let publish = PendingPublish { key, properties: properties.amqp, body, done };
        if publish.body.len() > MAX_SHARED {
            tokio::spawn(self.send(vec![publish]));
        } else {
            let first = {
                let mut gathered = lock(&self.gathered);
                gathered.push(publish);
                gathered.len() == 1
            };
            // The task runs after those that are ready now, so that their publishes join the batch. It is a task of its
            // own, so that a caller that stops waiting does not cancel the publishes of others.
            if first {
                tokio::spawn(self.send_gathered());
            }
        }
        outcome.await.unwrap_or_else(|_| Err(PublishError::Broken("the batch was abandoned".to_owned())))
    }

    async fn send_gathered(self: Arc<Self>) {
        let slot = self.slots.acquire().await;
        let pending = std::mem::take(&mut *lock(&self.gathered));
        self.send_over_one_channel(pending).await;
        drop(slot);
    }

    async fn send(self: Arc<Self>, pending: Vec<PendingPublish>) {
        let slot = self.slots.acquire().await;
        self.send_over_one_channel(pending).await;
        drop(slot);
    }

    /// Publishes a batch over one channel and reports the outcome to every caller.
    async fn send_over_one_channel(&self, mut pending: Vec<PendingPublish>) {
        let channel = match self.idle_channel() {
            Some(channel) => Ok(channel),
            None => self.gone.run_until_cancelled(self.open_channel()).await.unwrap_or_else(|| Err(closed())),
        };
        let confirmed = match channel {
            Ok(channel) => {
                let confirmed = publish_all(&channel, &self.exchange, &mut pending, &self.gone).await;
                // Only a channel whose publishes were all answered is reused.
                if confirmed.iter().all(Result::is_ok) {
                    lock(&self.idle).push(channel);
                }
                confirmed
            }
            Err(error) => pending.iter().map(|_| Err(error.clone())).collect(),
        };
        self.max_message_size.learn(&confirmed);
        let outcomes = outcomes(&pending, confirmed);
        self.tell(&outcomes);
        for (publish, outcome) in pending.into_iter().zip(outcomes) {
            // This fails when the caller no longer waits, which does not matter.
            let _ = publish.done.send(outcome);
        }
    }

    /// Says once that the broker refuses what is published, and once that it accepts it again.
    fn tell(&self, outcomes: &[PublishResult]) {
        let refusal = outcomes.iter().find_map(|outcome| match outcome {
            Err(error @ PublishError::Refused(_)) => Some(error),
            _ => None,
        });
        match refusal {
            Some(error) if !self.refused.swap(true, Ordering::Relaxed) => {
                PublishesRefused { error, exchange: self.exchange.as_str() }.emit();
            }
            None if outcomes.iter().any(Result::is_ok) && self.refused.swap(false, Ordering::Relaxed) => {
                PublishesAccepted::emit();
            }
            _ => {}
        }
    }

    /// Takes an idle channel that is still connected.
    fn idle_channel(&self) -> Option<Channel> {
        let mut idle = lock(&self.idle);
        std::iter::from_fn(|| idle.pop()).find(|channel| channel.status().connected())
    }

    /// Opens a channel in confirm mode.
    async fn open_channel(&self) -> Result<Channel, lapin::Error> {
        let channel = self.connection.lapin.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
