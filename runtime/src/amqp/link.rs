//! The two connections as one supervised link: when either breaks, both are dropped and opened again with backoff and
//! jitter, and consuming resumes. (lapin's own recovery is not used: it does not recover from every failure.)

use std::{pin::pin, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::{sync::watch, time::Instant};

use super::{
    BrokerSettings, Delivery, Publisher,
    connection::ConnectError,
    publisher::LinkState,
    session::{End, Session},
};
use crate::stop::{Stop, Stopped};

/// Longest wait between two attempts to reconnect.
pub(super) const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(10);

/// The supervised link to the broker.
pub(crate) struct Link {
    settings: BrokerSettings,
    session: Option<Session>,
    generation: u64,
    state: watch::Sender<LinkState>,
}

impl Link {
    /// Opens both connections, with as many attempts as the settings allow.
    ///
    /// # Errors
    /// When the broker cannot be reached or refuses.
    pub(crate) async fn open(settings: BrokerSettings) -> Result<Self, ConnectError> {
        let mut attempts_left = settings.reconnect_attempts;
        let session = loop {
            match Session::open(&settings).await {
                Ok(session) => break session,
                Err(error) if attempts_left == 0 => return Err(error),
                Err(error) => {
                    attempts_left -= 1;
                    tracing::warn!(%error, attempts_left, "trying again to reach the broker");
                    tokio::time::sleep(settings.reconnect_delay).await;
                }
            }
        };
        let state = watch::Sender::new(LinkState::Up(session.confirms.clone()));
        Ok(Self { settings, session: Some(session), generation: 0, state })
    }

    /// A publisher over this link. Any number of tasks can have one.
    #[must_use]
    pub(crate) fn publisher(&self) -> Publisher {
        Publisher { state: self.state.subscribe() }
    }

    /// Passes every delivery to `deliver` until `stop` is requested; reconnects as often as needed. The connections
    /// stay open when this returns, so that messages in progress can still be emitted and settled.
    ///
    /// # Errors
    /// When the broker refuses the first attempt to consume the queue: it does not exist, or access is denied.
    pub(crate) async fn consume(&mut self, mut deliver: impl FnMut(Delivery), stop: &Stop) -> Result<(), ConnectError> {
        let mut waits = self.waits();
        let mut consumed = false;
        loop {
            let Some(session) = &self.session else { return Ok(()) };
            let began = Instant::now();
            let reason = match session.consume(&self.settings, self.generation, &mut deliver, stop).await {
                Ok(End::Stopped) => return Ok(()),
                Ok(End::Broken(reason)) => {
                    consumed = true;
                    reason
                }
                Err(error) if error.is_refusal() && !consumed => return Err(error),
                Err(error) => error.to_string(),
            };
            if began.elapsed() > MAX_RECONNECT_DELAY {
                waits = self.waits();
            }
            self.reconnect(&reason, &mut waits, stop).await;
        }
    }

    /// Keeps the link up while `work` publishes over it and nothing is consumed.
    pub(crate) async fn keep_up_during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let never = Stop::default();
        let mut waits = self.waits();
        let mut work = pin!(work);
        loop {
            let Some(session) = &self.session else { return work.await };
            let reason = tokio::select! {
                outcome = &mut work => return outcome,
                reason = session.broken() => reason,
            };
            tokio::select! {
                outcome = &mut work => return outcome,
                () = self.reconnect(&reason, &mut waits, &never) => {}
            }
        }
    }

    /// Closes both connections; unsettled deliveries go back to the queue.
    pub(crate) async fn close(mut self) {
        self.state.send_replace(LinkState::Closed);
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// The waits between attempts to reconnect; they grow until a connection lasts.
    fn waits(&self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.settings.reconnect_delay)
            .with_max_delay(MAX_RECONNECT_DELAY)
            .with_jitter()
            .without_max_times()
            .build()
    }

    /// Replaces the broken connections, however long it takes, unless `stop` is requested first.
    async fn reconnect(&mut self, reason: &str, waits: &mut ExponentialBackoff, stop: &Stop) {
        tracing::warn!(reason, "the link to the broker broke; reconnecting");
        self.state.send_replace(LinkState::Down);
        self.session = None;
        self.generation += 1;
        loop {
            let wait = waits.next().unwrap_or(MAX_RECONNECT_DELAY);
            let open = async {
                tokio::time::sleep(wait).await;
                Session::open(&self.settings).await
            };
            match stop.cut_short(open).await {
                Err(Stopped) => {
                    self.state.send_replace(LinkState::Closed);
                    return;
                }
                Ok(Err(error)) => tracing::warn!(%error, "still no broker"),
                Ok(Ok(session)) => {
                    tracing::info!("reconnected to the broker");
                    self.state.send_replace(LinkState::Up(session.confirms.clone()));
                    self.session = Some(session);
                    return;
                }
            }
        }
    }
}
