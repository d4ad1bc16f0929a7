//! Two connections that live and die together: one to consume, one to publish. Every wait for the broker is bounded.

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::StreamExt;
use lapin::{
    Channel, Connection, Consumer, Event,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
};
use tokio::time::timeout;

use super::{
    BrokerSettings, Delivery,
    acks::AckBatcher,
    confirms::ConfirmBatcher,
    connection::{ConnectError, OPEN_TIMEOUT, open},
};
use crate::stop::Stop;

/// Longest wait for the broker to cancel the consumer, and to close the connections.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Both connections.
pub(super) struct Session {
    /// Carries deliveries.
    read: Connection,
    /// Publishes over the other connection.
    pub(super) confirms: Arc<ConfirmBatcher>,
    /// Settles deliveries; set once the queue is consumed.
    acks: OnceLock<Arc<AckBatcher>>,
}

/// Why consuming ended.
pub(super) enum End {
    Stopped,
    Broken(String),
}

impl Session {
    /// Opens both connections, each ready for use.
    pub(super) async fn open(settings: &BrokerSettings) -> Result<Self, ConnectError> {
        let write = async {
            let exchange = short(&settings.exchange, "the exchange's name is longer than 255 bytes")?;
            let confirms = ConfirmBatcher::new(open(settings, "write").await?, exchange);
            confirms.warm_up().await?;
            Ok(Arc::new(confirms))
        };
        let (read, confirms) = in_time(async { tokio::try_join!(open(settings, "read"), write) }).await?;
        Ok(Self { read, confirms, acks: OnceLock::new() })
    }

    /// Passes every delivery to `deliver` until `stop` is requested or a connection breaks.
    ///
    /// # Errors
    /// When the queue cannot be consumed.
    pub(super) async fn consume(
        &self,
        settings: &BrokerSettings,
        generation: u64,
        deliver: &mut impl FnMut(Delivery),
        stop: &Stop,
    ) -> Result<End, ConnectError> {
        let (channel, mut consumer) = in_time(self.start_consumer(settings)).await?;
        let acks = self.acks.get_or_init(|| Arc::new(AckBatcher::new(channel)));
        tracing::info!(queue = settings.queue, prefetch = settings.prefetch, "waiting for messages");
        let mut write_failure = pin!(failure(self.confirms.connection()));
        loop {
            tokio::select! {
                biased;
                () = stop.requested() => {
                    // What the broker delivers before it reads this stays unsettled and goes back to the queue.
                    let cancel = acks.channel().basic_cancel(settings.consumer_tag.into(), BasicCancelOptions::default());
                    match timeout(CLOSE_TIMEOUT, cancel).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => tracing::debug!(%error, "the consumer was gone already"),
                        Err(_) => tracing::warn!("the broker did not answer the request to cancel the consumer"),
                    }
                    return Ok(End::Stopped);
                }
                reason = &mut write_failure => return Ok(End::Broken(reason)),
                next = consumer.next() => match next {
                    Some(Ok(raw)) => deliver(Delivery::new(raw, acks, generation)),
                    Some(Err(error)) => return Ok(End::Broken(error.to_string())),
                    None => return Ok(End::Broken("the broker cancelled the consumer".to_owned())),
                },
            }
        }
    }

    /// Waits until either connection breaks, unless one has already; returns the reason.
    pub(super) async fn broken(&self) -> String {
        tokio::select! {
            reason = failure(&self.read) => reason,
            reason = failure(self.confirms.connection()) => reason,
        }
    }

    /// Sends the pending acknowledgements, then closes both connections.
    pub(super) async fn close(self) {
        if let Some(acks) = self.acks.get() {
            acks.flush();
        }
        let close = async {
            let done = ShortString::from("done");
            let read = self.read.close(200, done.clone());
            let write = self.confirms.connection().close(200, done);
            let (read, write) = tokio::join!(read, write);
            if let Err(error) = read.and(write) {
                tracing::debug!(%error, "the broker was gone already");
            }
        };
        if timeout(CLOSE_TIMEOUT, close).await.is_err() {
            tracing::warn!("the broker did not answer the request to close the connections");
        }
    }

    async fn start_consumer(&self, settings: &BrokerSettings) -> Result<(Channel, Consumer), ConnectError> {
        let queue = short(&settings.queue, "the queue's name is longer than 255 bytes")?;
        let channel = self.read.create_channel().await?;
        channel.basic_qos(settings.prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let consumer =
            channel.basic_consume(queue, settings.consumer_tag.into(), options, FieldTable::default()).await?;
        Ok((channel, consumer))
    }
}

fn short(name: &str, problem: &str) -> Result<ShortString, ConnectError> {
    ShortString::try_new(name).map_err(|_| ConnectError::refusal(problem))
}

/// Bounds `setup` by [`OPEN_TIMEOUT`]: a broker may accept a connection and then stay silent.
async fn in_time<T>(setup: impl Future<Output = Result<T, ConnectError>>) -> Result<T, ConnectError> {
    let late = || ConnectError::broken(format!("no answer within {} s", OPEN_TIMEOUT.as_secs()));
    timeout(OPEN_TIMEOUT, setup).await.unwrap_or_else(|_| Err(late()))
}

/// Waits until a connection fails, unless it has already; returns the reason. Logs when the broker blocks it.
async fn failure(connection: &Connection) -> String {
    let mut events = pin!(connection.events_listener());
    // The listener misses earlier events, but the connection's status shows what they led to.
    if connection.status().connected() {
        while let Some(event) = events.next().await {
            match event {
                Event::Error(error) => return error.to_string(),
                Event::ConnectionBlocked(reason) => {
                    tracing::warn!(reason, "the broker takes no messages for now (an alarm); emits wait");
                }
                Event::ConnectionUnblocked => tracing::info!("the broker takes messages again"),
                _ => {}
            }
        }
    }
    "the connection was closed".to_owned()
}
