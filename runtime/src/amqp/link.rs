//! The link to the broker: one connection to consume, one to publish, each opened again when it breaks. One that breaks
//! leaves the other alone. (lapin's own recovery is not used: it does not recover from every failure.)

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use super::{
    BrokerSettings, ConnectError, Delivery, Publisher, ack_timeout,
    consumer::{Consuming, End},
    events::{
        Broke, Connected, ConsumerEnded, HeldTooLong, QueueUnavailable, Reconnected, Side, StartRetried, StillDown,
    },
    publisher::LinkState,
    write_side::WriteSide,
};
use crate::stop::Stop;

/// Longest wait between two attempts to reconnect, or to consume again; jitter may double it. Work goes on within seconds of
/// the broker's return, however long it was away.
pub(super) const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// The supervised link to the broker.
pub(crate) struct Link {
    settings: Arc<BrokerSettings>,
    consuming: Option<Consuming>,
    /// The index of the address that was consumed from last.
    last_address: Option<usize>,
    /// How many consumers there have been: what comes over a later one may be a redelivery.
    generation: u64,
    state: watch::Sender<LinkState>,
    writing: JoinHandle<()>,
}

impl Link {
    /// Opens both connections, with as many attempts as the settings allow.
    ///
    /// # Errors
    /// When the broker cannot be reached or refuses, or the exchange is not there.
    pub(crate) async fn open(settings: BrokerSettings) -> Result<Self, ConnectError> {
        let mut attempts_left = settings.reconnect_attempts;
        let (mut last_read, mut last_write) = (None, None);
        let (consuming, write_side) = loop {
            let consuming = Consuming::open(&settings, &mut last_read);
            match tokio::try_join!(consuming, WriteSide::open(&settings, &mut last_write)) {
                Ok(both) => break both,
                Err(error) if attempts_left == 0 || error.is_final() => return Err(error),
                Err(error) => {
                    attempts_left -= 1;
                    StartRetried { error: &error, attempts_left }.emit();
                    tokio::time::sleep(settings.reconnect_delay).await;
                }
            }
        };
        Connected::emit();
        let settings = Arc::new(settings);
        let state = watch::Sender::new(LinkState::Up(write_side.confirms.clone()));
        let writing =
            tokio::spawn(super::write_side::supervise(write_side, last_write, settings.clone(), state.clone()));
        Ok(Self { settings, consuming: Some(consuming), last_address: last_read, generation: 0, state, writing })
    }

    /// A publisher over this link. Any number of tasks can have one.
    #[must_use]
    pub(crate) fn publisher(&self) -> Publisher {
        Publisher { state: self.state.subscribe(), exchange: self.settings.exchange.as_str().into() }
    }

    /// Passes every delivery to `deliver` until `stop` is requested; reconnects and consumes again as often as needed. The
    /// connections stay open when this returns, so that messages in progress can still be emitted and settled.
    ///
    /// # Errors
    /// When the broker refuses the first attempt to consume the queue: it does not exist, or access is denied.
    pub(crate) async fn consume(&mut self, mut deliver: impl FnMut(Delivery), stop: &Stop) -> Result<(), ConnectError> {
        let mut waits = waits(&self.settings);
        let mut consumed = false;
        while !stop.is_requested() {
            let Some(consuming) = &mut self.consuming else {
                if self.reconnect(&mut waits, stop).await.is_err() {
                    break;
                }
                continue;
            };
            let began = Instant::now();
            let ended = consuming.run(&self.settings, self.generation, &mut deliver, stop).await;
            self.generation += 1;
            if began.elapsed() > MAX_RECONNECT_DELAY {
                waits = self::waits(&self.settings);
            }
            match ended {
                Ok(End::Stopped) => break,
                Ok(End::Cancelled(reason)) => {
                    consumed = true;
                    ConsumerEnded { reason: &reason, queue: &self.settings.queue }.emit();
                    if ack_timeout::is_meant(&reason) {
                        HeldTooLong { bounded_by: self.settings.message_time.unwrap_or("no setting") }.emit();
                    }
                }
                Ok(End::Broken(reason)) => {
                    consumed = true;
                    Broke { side: Side::Consume, reason: &reason }.emit();
                    self.drop_connection();
                    continue;
                }
                Err(error) if error.is_final() && !consumed => return Err(error),
                Err(error) => {
                    QueueUnavailable { error: &error }.emit();
                    if matches!(error, ConnectError::Broken(_)) {
                        self.drop_connection();
                        continue;
                    }
                }
            }
            let wait = waits.next().unwrap_or(MAX_RECONNECT_DELAY);
            if stop.sleep(wait).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Closes both connections; the broker gets back what is not settled first, since a connection's end counts against the
    /// delivery limit of a quorum queue.
    pub(crate) async fn close(mut self) {
        self.writing.abort();
        let state = self.state.send_replace(LinkState::Closed);
        let write = async {
            if let LinkState::Up(confirms) = state {
                confirms.connection().close().await;
            }
        };
        let read = async {
            if let Some(consuming) = self.consuming.take() {
                consuming.close().await;
            }
        };
        tokio::join!(read, write);
    }

    fn drop_connection(&mut self) {
        if let Some(consuming) = self.consuming.take() {
            consuming.abandon();
        }
    }

    /// Opens a connection to consume in place of a broken one, however long it takes, unless `stop` is requested first.
    async fn reconnect(&mut self, waits: &mut ExponentialBackoff, stop: &Stop) -> Result<(), crate::stop::Stopped> {
        loop {
            let wait = waits.next().unwrap_or(MAX_RECONNECT_DELAY);
            let open = async {
                tokio::time::sleep(wait).await;
                Consuming::open(&self.settings, &mut self.last_address).await
            };
            match stop.cut_short(open).await? {
                Err(error) => StillDown { error: &error }.emit(),
                Ok(consuming) => {
                    Reconnected { side: Side::Consume }.emit();
                    self.consuming = Some(consuming);
                    return Ok(());
                }
            }
        }
    }
}

/// The waits between attempts: they grow as long as nothing lasts.
pub(super) fn waits(settings: &BrokerSettings) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(settings.reconnect_delay)
        .with_max_delay(MAX_RECONNECT_DELAY)
        .with_jitter()
        .without_max_times()
        .build()
}
