//! The two connections as one supervised link: when either breaks, both are dropped and opened anew with backoff and
//! jitter, and the consumer goes on. (The client library's own recovery is not used: it does not come back from every
//! failure.)

use std::{pin::pin, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Delivery, Publisher,
    connection::ConnectError,
    publisher::OutletState,
    session::{End, Session},
};
use crate::settings::BrokerSettings;

/// Longest wait between two tries to reconnect.
pub(super) const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(10);
/// The supervised link to the broker.
pub struct Link {
    settings: BrokerSettings,
    session: Option<Session>,
    generation: u64,
    outlet: watch::Sender<OutletState>,
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
    /// When the broker refuses to let the queue be consumed the first time: it does not exist, or access is denied.
    pub async fn consume(
        &mut self,
        mut deliver: impl FnMut(Delivery),
        stop: &CancellationToken,
    ) -> Result<(), ConnectError> {
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
            self.renew(&reason, &mut waits, stop).await;
        }
    }

    /// Keeps the link up while `work` publishes over it and nothing is consumed.
    pub async fn keep_up_during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let never = CancellationToken::new();
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
                () = self.renew(&reason, &mut waits, &never) => {}
            }
        }
    }

    /// Closes both connections; what is not settled goes back to the queue.
    pub async fn close(mut self) {
        self.outlet.send_replace(OutletState::Closed);
        if let Some(session) = self.session.take() {
            session.close().await;
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

    /// Opens new connections in place of broken ones, however long it takes, unless `stop` comes first.
    async fn renew(&mut self, reason: &str, waits: &mut ExponentialBackoff, stop: &CancellationToken) {
        tracing::warn!(reason, "the link to the broker broke; reconnecting");
        self.outlet.send_replace(OutletState::Down);
        self.session = None;
        self.generation += 1;
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
