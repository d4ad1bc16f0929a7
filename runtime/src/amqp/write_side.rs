//! The connection to publish, kept up.

use std::sync::Arc;

use lapin::{
    ExchangeKind,
    options::ExchangeDeclareOptions,
    types::{FieldTable, ShortString},
};
use tokio::sync::watch;

use super::{
    BrokerSettings, ConnectError,
    confirms::ConfirmBatcher,
    connect_error::is_refusal,
    connection::{BrokerConnection, in_time},
    events::{Broke, Reconnected, Side, StillDown},
    link::{MAX_RECONNECT_DELAY, waits},
    max_message_size::MaxMessageSize,
    publisher::LinkState,
    watch::failure,
};

/// The connection to publish.
pub(super) struct WriteSide {
    pub(super) confirms: Arc<ConfirmBatcher>,
    /// What was learned of the broker, over all connections.
    max_message_size: MaxMessageSize,
}

impl WriteSide {
    /// Opens it for the first time: the exchange must be there. `last_address` as in [`BrokerConnection::open`].
    pub(super) async fn open(
        settings: &BrokerSettings,
        last_address: &mut Option<usize>,
    ) -> Result<Self, ConnectError> {
        let side = Self::connect(settings, last_address, MaxMessageSize::default()).await?;
        in_time(side.expect_exchange(settings)).await?;
        Ok(side)
    }

    async fn connect(
        settings: &BrokerSettings,
        last_address: &mut Option<usize>,
        max_message_size: MaxMessageSize,
    ) -> Result<Self, ConnectError> {
        let connection = BrokerConnection::open(settings, "write", last_address).await?;
        let confirms = ConfirmBatcher::new(connection, exchange(settings)?, max_message_size.clone());
        in_time(confirms.warm_up()).await?;
        Ok(Self { confirms: Arc::new(confirms), max_message_size })
    }

    /// Asks for the exchange without making it (`exchange.declare` with `passive`). A user who may not configure it may
    /// still publish to it, so a refusal of access says nothing.
    async fn expect_exchange(&self, settings: &BrokerSettings) -> Result<(), ConnectError> {
        let channel = self.confirms.connection().lapin.create_channel().await?;
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        let declared =
            channel.exchange_declare(exchange(settings)?, ExchangeKind::Direct, passive, FieldTable::default()).await;
        match declared {
            Ok(()) => {
                // The connection stays; a channel that cannot be closed ends with it.
                let _ = channel.close(200, ShortString::from("done")).await;
                Ok(())
            }
            Err(error) if is_missing(&error) => {
                Err(ConnectError::Exchange { name: settings.exchange.clone(), reason: error.to_string() })
            }
            Err(error) if is_refusal(&error) => {
                tracing::debug!(%error, "the exchange cannot be looked at");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn exchange(settings: &BrokerSettings) -> Result<ShortString, ConnectError> {
    ShortString::try_new(settings.exchange.as_str())
        .map_err(|error| ConnectError::Exchange { name: settings.exchange.clone(), reason: error.to_string() })
}

fn is_missing(error: &lapin::Error) -> bool {
    use lapin::{
        ErrorKind,
        protocol::{AMQPErrorKind, AMQPSoftError},
    };
    matches!(error.kind(), ErrorKind::ProtocolError(error)
        if matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)))
}

/// Opens the connection again whenever it breaks, however long it takes. Ends when the task is aborted.
pub(super) async fn supervise(
    mut side: WriteSide,
    mut last_address: Option<usize>,
    settings: Arc<BrokerSettings>,
    state: watch::Sender<LinkState>,
) {
    loop {
        let mut waits = waits(&settings);
        let reason = failure(&side.confirms.connection().lapin).await;
        Broke { side: Side::Publish, reason: &reason }.emit();
        state.send_replace(LinkState::Down);
        side.confirms.abandon();
        loop {
            tokio::time::sleep(waits.next().unwrap_or(MAX_RECONNECT_DELAY)).await;
            match WriteSide::connect(&settings, &mut last_address, side.max_message_size.clone()).await {
                Err(error) => StillDown { error: &error }.emit(),
                Ok(new) => {
                    Reconnected { side: Side::Publish }.emit();
                    side = new;
                    state.send_replace(LinkState::Up(side.confirms.clone()));
                    break;
                }
            }
        }
    }
}
