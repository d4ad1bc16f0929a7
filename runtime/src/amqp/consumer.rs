//! The connection to consume, and one consumer after the other on it.

use std::{pin::pin, sync::Arc};

use futures_util::StreamExt;
use lapin::{
    Channel, Consumer,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
};
use tokio::time::timeout;

use super::{
    BrokerSettings, ConnectError, Delivery,
    acks::AckBatcher,
    connect_error::is_refusal,
    connection::{BrokerConnection, CLOSE_TIMEOUT, in_time},
    events::{CancelUnanswered, Consumes},
    watch::failure,
};
use crate::stop::Stop;

/// The connection to consume.
pub(super) struct Consuming {
    connection: BrokerConnection,
    /// Settles what the current channel has delivered. Earlier channels live on in the receipts of their deliveries.
    acks: Option<Arc<AckBatcher>>,
}

/// Why a consumer ended.
pub(super) enum End {
    Stopped,
    /// The broker cancelled it or closed its channel; the connection is fine.
    Cancelled(String),
    /// The connection broke.
    Broken(String),
}

impl Consuming {
    /// Opens the connection; `last_address` as in [`BrokerConnection::open`].
    pub(super) async fn open(
        settings: &BrokerSettings,
        last_address: &mut Option<usize>,
    ) -> Result<Self, ConnectError> {
        Ok(Self { connection: BrokerConnection::open(settings, "read", last_address).await?, acks: None })
    }

    /// Passes every delivery to `deliver`, until `stop` is requested or the consumer ends.
    ///
    /// # Errors
    /// When the queue cannot be consumed.
    pub(super) async fn run(
        &mut self,
        settings: &BrokerSettings,
        generation: u64,
        deliver: &mut impl FnMut(Delivery),
        stop: &Stop,
    ) -> Result<End, ConnectError> {
        let Ok(started) = stop.cut_short(in_time(self.start(settings))).await else { return Ok(End::Stopped) };
        let (acks, mut consumer) = started?;
        Consumes { queue: &settings.queue, prefetch: settings.prefetch }.emit();
        let mut failed = pin!(failure(&self.connection.lapin));
        loop {
            tokio::select! {
                biased;
                () = stop.requested() => {
                    self.cancel(&acks, settings).await;
                    return Ok(End::Stopped);
                }
                next = consumer.next() => match next {
                    Some(Ok(raw)) => deliver(Delivery::new(raw, &acks, &self.connection.large_headers, generation)),
                    ended => {
                        let reason = match ended {
                            Some(Err(error)) => error.to_string(),
                            _ => "the queue was deleted or moved (basic.cancel)".to_owned(),
                        };
                        let alive = self.connection.lapin.status().connected();
                        return Ok(if alive { End::Cancelled(reason) } else { End::Broken(reason) });
                    }
                },
                reason = &mut failed => return Ok(End::Broken(reason)),
            }
        }
    }

    /// Hands back what is not settled, and closes the connection.
    pub(super) async fn close(self) {
        if let Some(acks) = &self.acks {
            acks.hand_back();
        }
        self.connection.close().await;
    }

    /// Ends a broken connection at once: the broker gives what it delivered over it to others.
    pub(super) fn abandon(self) {
        self.connection.shut();
    }

    /// The same channel, if the broker cancelled the consumer only: its prefetch counts what is still in progress.
    async fn start(&mut self, settings: &BrokerSettings) -> Result<(Arc<AckBatcher>, Consumer), ConnectError> {
        let open = self.acks.take().filter(|acks| acks.channel().status().connected());
        let acks = match open {
            Some(acks) => acks,
            None => Arc::new(AckBatcher::new(self.open_channel(settings).await?)),
        };
        self.acks = Some(acks.clone());
        let queue = |reason: String| ConnectError::Queue { name: settings.queue.clone(), reason };
        let name = ShortString::try_new(settings.queue.as_str()).map_err(|error| queue(error.to_string()))?;
        let tag = ShortString::from(settings.consumer_tag);
        let consumer =
            acks.channel().basic_consume(name, tag, BasicConsumeOptions::default(), FieldTable::default()).await;
        match consumer {
            Ok(consumer) => Ok((acks, consumer)),
            Err(error) if is_refusal(&error) => Err(queue(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    async fn open_channel(&self, settings: &BrokerSettings) -> Result<Channel, ConnectError> {
        let channel = self.connection.lapin.create_channel().await?;
        channel.basic_qos(settings.prefetch, BasicQosOptions::default()).await?;
        Ok(channel)
    }

    async fn cancel(&self, acks: &AckBatcher, settings: &BrokerSettings) {
        // What the broker sends until it has read this is handed back with the rest.
        let cancel = acks.channel().basic_cancel(settings.consumer_tag.into(), BasicCancelOptions::default());
        match timeout(CLOSE_TIMEOUT, cancel).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the consumer was already gone"),
            Err(_) => CancelUnanswered::emit(),
        }
    }
}
