//! The two connections as one supervised link: when either breaks, both are dropped and opened anew with backoff and
//! jitter, and the consumer goes on. (The client library's own recovery is not used: it does not come back from every
//! failure.)

use std::{pin::pin, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::{Stream, StreamExt};
use lapin::{
    Channel, Connection, Consumer, Event,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Delivery, Publisher,
    connection::{ConnectError, open},
    outlet::Outlet,
    publisher::OutletState,
};
use crate::settings::BrokerSettings;

/// Longest wait between two tries to reconnect.
pub(super) const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(10);
/// Longest wait for the broker's answer when a connection is closed.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The name that the consumer has on its channel.
const CONSUMER_TAG: &str = "podio-component";

/// The supervised link to the broker.
pub struct Link {
    settings: BrokerSettings,
    session: Option<Session>,
    generation: u64,
    outlet: watch::Sender<OutletState>,
}

/// Two connections that live and die together.
struct Session {
    read: Connection,
    outlet: Arc<Outlet>,
}

/// Why consuming ended.
enum End {
    Stopped,
    Broken(String),
}

impl Link {
    /// Opens both connections; tries as often as the settings say.
    ///
    /// # Errors
    /// When the broker cannot be reached or refuses.
    pub async fn open(settings: BrokerSettings) -> Result<Self, ConnectError> {
        let mut tries_left = settings.reconnect_attempts;
        let session = loop {
            match Session::open(&settings).await {
                Ok(session) => break session,
                Err(error) if tries_left == 0 => return Err(error),
                Err(error) => {
                    tries_left -= 1;
                    tracing::warn!(%error, tries_left, "trying again to reach the broker");
                    tokio::time::sleep(settings.reconnect_delay).await;
                }
            }
        };
        let outlet = watch::Sender::new(OutletState::Up(session.outlet.clone()));
        Ok(Self { settings, session: Some(session), generation: 0, outlet })
    }

    /// A publisher over this link, for any number of tasks.
    #[must_use]
    pub fn publisher(&self) -> Publisher {
        Publisher { outlet: self.outlet.subscribe() }
    }

    /// Hands every delivery to `deliver` until `stop`; reconnects as often as needed. The connections stay open
    /// when this returns, so that what is in work can be emitted and settled.
    ///
    /// # Errors
    /// When the queue cannot be consumed the first time: it does not exist, or access is refused.
    pub async fn consume(
        &mut self,
        mut deliver: impl FnMut(Delivery),
        stop: &CancellationToken,
    ) -> Result<(), ConnectError> {
        let mut waits = self.waits();
        loop {
            let Some(session) = &self.session else { return Ok(()) };
            let began = Instant::now();
            let end = session.consume(&self.settings, self.generation, &mut deliver, stop).await;
            let reason = match end {
                Ok(End::Stopped) => return Ok(()),
                Ok(End::Broken(reason)) => reason,
                Err(error) if self.generation == 0 => return Err(error),
                Err(error) => error.to_string(),
            };
            tracing::warn!(reason, "the link to the broker broke; reconnecting");
            self.outlet.send_replace(OutletState::Down);
            self.session = None;
            self.generation += 1;
            if began.elapsed() > MAX_RECONNECT_DELAY {
                waits = self.waits();
            }
            self.reconnect(&mut waits, stop).await;
        }
    }

    /// Closes both connections; what is not settled goes back to the queue.
    pub async fn close(mut self) {
        self.outlet.send_replace(OutletState::Closed);
        let Some(session) = self.session.take() else { return };
        let close = async {
            let done = ShortString::from("done");
            let read = session.read.close(200, done.clone());
            let write = session.outlet.connection().close(200, done);
            let (read, write) = tokio::join!(read, write);
            if let Err(error) = read.and(write) {
                tracing::debug!(%error, "the broker was gone already");
            }
        };
        if tokio::time::timeout(CLOSE_TIMEOUT, close).await.is_err() {
            tracing::warn!("the broker did not answer to the closing of the connections");
        }
    }

    /// The waits between tries: they grow as long as no connection lasts.
    fn waits(&self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.settings.reconnect_delay)
            .with_max_delay(MAX_RECONNECT_DELAY)
            .with_jitter()
            .without_max_times()
            .build()
    }

    /// Opens new connections, however long it takes, unless `stop` comes first.
    async fn reconnect(&mut self, waits: &mut ExponentialBackoff, stop: &CancellationToken) {
        loop {
            let wait = waits.next().unwrap_or(MAX_RECONNECT_DELAY);
            let open = async {
                tokio::time::sleep(wait).await;
                Session::open(&self.settings).await
            };
            match stop.run_until_cancelled(open).await {
                None => {
                    self.outlet.send_replace(OutletState::Closed);
                    return;
                }
                Some(Err(error)) => tracing::warn!(%error, "still no broker"),
                Some(Ok(session)) => {
                    tracing::info!("reconnected to the broker");
                    self.outlet.send_replace(OutletState::Up(session.outlet.clone()));
                    self.session = Some(session);
                    return;
                }
            }
        }
    }
}

impl Session {
    async fn open(settings: &BrokerSettings) -> Result<Self, ConnectError> {
        let write = async {
            let exchange = ShortString::try_new(settings.exchange.as_str())
                .map_err(|_| ConnectError("the exchange's name is longer than 255 bytes".to_owned()))?;
            let outlet = Outlet::new(open(settings, "write").await?, exchange);
            outlet.warm_up().await?;
            Ok(Arc::new(outlet))
        };
        let (read, outlet) = tokio::try_join!(open(settings, "read"), write)?;
        Ok(Self { read, outlet })
    }

    async fn consume(
        &self,
        settings: &BrokerSettings,
        generation: u64,
        deliver: &mut impl FnMut(Delivery),
        stop: &CancellationToken,
    ) -> Result<End, ConnectError> {
        let mut write_failure = pin!(failure(self.outlet.connection().events_listener()));
        let channel = Arc::new(self.read.create_channel().await?);
        channel.basic_qos(settings.prefetch, BasicQosOptions::default()).await?;
        let mut consumer = start_consumer(&channel, &settings.queue).await?;
        tracing::info!(queue = settings.queue, prefetch = settings.prefetch, "waiting for messages");
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    // What the broker sends until it has read this stays unsettled and goes back to the queue.
                    if let Err(error) = channel.basic_cancel(CONSUMER_TAG.into(), BasicCancelOptions::default()).await {
                        tracing::debug!(%error, "the consumer was gone already");
                    }
                    return Ok(End::Stopped);
                }
                reason = &mut write_failure => return Ok(End::Broken(reason)),
                next = consumer.next() => match next {
                    Some(Ok(raw)) => deliver(Delivery::new(raw, &channel, generation)),
                    Some(Err(error)) => return Ok(End::Broken(error.to_string())),
                    None => return Ok(End::Broken("the broker cancelled the consumer".to_owned())),
                },
            }
        }
    }
}

async fn start_consumer(channel: &Channel, queue: &str) -> Result<Consumer, ConnectError> {
    let queue = ShortString::try_new(queue)
        .map_err(|_| ConnectError("the queue's name is longer than 255 bytes".to_owned()))?;
    let options = BasicConsumeOptions::default();
    Ok(channel.basic_consume(queue, CONSUMER_TAG.into(), options, FieldTable::default()).await?)
}

/// Ends when a connection fails; tells the operator when the broker blocks it.
async fn failure(events: impl Stream<Item = Event>) -> String {
    let mut events = pin!(events);
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
    "the connection was closed".to_owned()
}
