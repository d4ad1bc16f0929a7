//! Publishes over one connection, `mandatory` and with confirms. Messages published at the same moment form a batch on
//! one channel, which carries nothing else until the whole batch is confirmed.
//!
//! RabbitMQ sends `basic.return` before the confirm of the message it returns, but in no fixed order relative to other
//! confirms, and lapin attaches a return to whichever confirm of the channel comes next. So which messages were
//! returned is known only once the whole batch is confirmed.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection,
    message::BasicReturnMessage,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use super::{Properties, PublishError};

/// The most batches in flight at a time, each on its own channel; RabbitMQ allows 2,047 channels per connection by
/// default.
pub(super) const MAX_PUBLISH_CHANNELS: usize = 2000;

/// Longest wait for the whole batch before each publish is awaited by itself. When the connection breaks during
/// publishing, lapin fails the publishes, but its wait for all confirms may never end.
const ALL_CONFIRMED: Duration = Duration::from_secs(1);

const OPTIONS: BasicPublishOptions = BasicPublishOptions { mandatory: true, immediate: false };

/// Publishes over one connection to one exchange.
pub(super) struct ConfirmBatcher {
    connection: Connection,
    exchange: ShortString,
    /// The next batch; its first publish spawns the task that sends it.
    gathered: Mutex<Vec<PendingPublish>>,
    /// Channels without unconfirmed publishes, for reuse.
    idle: Mutex<Vec<Channel>>,
    slots: Semaphore,
}

/// One message to publish, and where to report the outcome.
struct PendingPublish {
    key: ShortString,
    properties: BasicProperties,
    body: Bytes,
    done: oneshot::Sender<PublishResult>,
}

type PublishResult = Result<(), PublishError>;

impl ConfirmBatcher {
    pub(super) fn new(connection: Connection, exchange: ShortString) -> Self {
        let allowed = match connection.configuration().channel_max() {
            0 => MAX_PUBLISH_CHANNELS,
            max => usize::from(max - 1).min(MAX_PUBLISH_CHANNELS),
        };
        let slots = Semaphore::new(allowed.max(1));
        Self { connection, exchange, gathered: Mutex::default(), idle: Mutex::default(), slots }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Opens the first channel, so that the first publish does not wait for it.
    pub(super) async fn warm_up(&self) -> Result<(), lapin::Error> {
        let channel = self.checkout().await?;
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
        let (done, outcome) = oneshot::channel();
        let first = {
            let mut gathered = lock(&self.gathered);
            gathered.push(PendingPublish { key, properties: properties.0, body, done });
            gathered.len() == 1
        };
        // The task runs after those that are ready now, so that their publishes join the batch. It is a task of its
        // own, so that a caller that stops waiting does not cancel the publishes of others.
        if first {
            tokio::spawn(self.send_batch());
        }
        outcome.await.unwrap_or_else(|_| Err(PublishError::Broken("the batch was abandoned".to_owned())))
    }

    /// Publishes the gathered batch over one channel and reports the outcome to every caller.
    async fn send_batch(self: Arc<Self>) {
        let slot = self.slots.acquire().await;
        let mut pending = std::mem::take(&mut *lock(&self.gathered));
        let confirmed = match self.checkout().await {
            Ok(channel) => {
                let confirmed = publish_all(&channel, &self.exchange, &mut pending).await;
                // Only a channel whose publishes were all answered is reused.
                if confirmed.iter().all(Result::is_ok) {
                    lock(&self.idle).push(channel);
                }
                confirmed
            }
            Err(error) => pending.iter().map(|_| Err(error.clone())).collect(),
        };
        drop(slot);
        let outcomes = outcomes(&pending, confirmed);
        for (publish, outcome) in pending.into_iter().zip(outcomes) {
            // This fails when the caller no longer waits, which does not matter.
            let _ = publish.done.send(outcome);
        }
    }

    /// Takes an idle channel that is still connected, or opens one in confirm mode.
    async fn checkout(&self) -> Result<Channel, lapin::Error> {
        loop {
            let Some(channel) = lock(&self.idle).pop() else { break };
            if channel.status().connected() {
                return Ok(channel);
            }
        }
        let channel = self.connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }
}

/// Publishes `pending` in order and waits for the confirm of each.
async fn publish_all(
    channel: &Channel,
    exchange: &ShortString,
    pending: &mut [PendingPublish],
) -> Vec<Result<Confirmation, lapin::Error>> {
    let start = pending.iter_mut().map(|publish| {
        let properties = std::mem::take(&mut publish.properties);
        let publish = channel.basic_publish(exchange.clone(), publish.key.clone(), OPTIONS, &publish.body, properties);
        started(Box::pin(publish))
    });
    let publishes: Vec<_> = start.collect();
    // One wake-up for the whole batch. Its result lacks the nacks, so each publish is awaited below all the same.
    let _ = timeout(ALL_CONFIRMED, channel.wait_for_confirms()).await;
    let mut confirmed = Vec::with_capacity(publishes.len());
    for publish in publishes {
        confirmed.push(async { publish.await?.await }.await);
    }
    confirmed
}

/// Polls once with a no-op waker so that lapin enqueues the publish now; it is awaited later, once the whole batch is
/// confirmed, to avoid a wake-up per step.
fn started<F: Future + ?Sized>(mut future: Pin<Box<F>>) -> impl Future<Output = F::Output> {
    let first = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    async move {
        match first {
            Poll::Ready(output) => output,
            Poll::Pending => future.await,
        }
    }
}

/// The outcome of each publish. lapin attaches returned messages to arbitrary confirms of the batch, so they are
/// matched to publishes by routing key and body; publishes that have both in common share their outcome.
fn outcomes(pending: &[PendingPublish], confirmed: Vec<Result<Confirmation, lapin::Error>>) -> Vec<PublishResult> {
    let mut returned = Vec::new();
    let mut outcomes: Vec<PublishResult> = confirmed
        .into_iter()
        .map(|confirmation| {
            let acknowledged = match confirmation? {
                Confirmation::Ack(message) => (true, message),
                Confirmation::Nack(message) => (false, message),
                Confirmation::NotRequested => (false, None),
            };
            returned.extend(acknowledged.1);
            if acknowledged.0 { Ok(()) } else { Err(PublishError::Nacked) }
        })
        .collect();
    for message in &returned {
        for (publish, outcome) in pending.iter().zip(&mut outcomes) {
            if is_return_of(message, publish) {
                *outcome = Err(PublishError::Returned(publish.key.to_string()));
            }
        }
    }
    outcomes
}

/// Whether a returned message is the one that `publish` sent.
fn is_return_of(message: &BasicReturnMessage, publish: &PendingPublish) -> bool {
    message.routing_key == publish.key && message.data == publish.body
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
