//! A look at the broker that touches no message: for an operator who wants to know what a worker would meet.

use lapin::{
    ExchangeKind,
    options::{ExchangeDeclareOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};

use super::{
    BrokerSettings, ConnectError,
    connect_error::is_refusal,
    connection::{BrokerConnection, in_time},
};

/// What the broker says.
pub(crate) struct Seen {
    /// The queue to consume.
    pub(crate) queue: Result<Queue, ConnectError>,
    /// The exchange to publish to.
    pub(crate) exchange: Result<(), ConnectError>,
}

/// A queue as the broker sees it.
pub(crate) struct Queue {
    /// Messages that wait.
    pub(crate) ready: u32,
    /// Consumers that there are already.
    pub(crate) consumers: u32,
}

/// Opens a connection and asks for queue and exchange without making them (`passive`).
///
/// # Errors
/// When the broker cannot be reached or refuses the connection.
pub(crate) async fn look(settings: &BrokerSettings) -> Result<Seen, ConnectError> {
    let connection = BrokerConnection::open(settings, "check", &mut None).await?;
    // Each on its own channel: a refusal closes it.
    let queue = in_time(queue(&connection, settings)).await;
    let exchange = in_time(exchange(&connection, settings)).await;
    connection.close().await;
    Ok(Seen { queue, exchange })
}

async fn queue(connection: &BrokerConnection, settings: &BrokerSettings) -> Result<Queue, ConnectError> {
    let unusable = |reason: String| ConnectError::Queue { name: settings.queue.clone(), reason };
    let name = ShortString::try_new(settings.queue.as_str()).map_err(|error| unusable(error.to_string()))?;
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let channel = connection.lapin.create_channel().await?;
    match channel.queue_declare(name, options, FieldTable::default()).await {
        Ok(queue) => Ok(Queue { ready: queue.message_count(), consumers: queue.consumer_count() }),
        Err(error) if is_refusal(&error) => Err(unusable(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

async fn exchange(connection: &BrokerConnection, settings: &BrokerSettings) -> Result<(), ConnectError> {
    let unusable = |reason: String| ConnectError::Exchange { name: settings.exchange.clone(), reason };
    let name = ShortString::try_new(settings.exchange.as_str()).map_err(|error| unusable(error.to_string()))?;
    let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let channel = connection.lapin.create_channel().await?;
    match channel.exchange_declare(name, ExchangeKind::Direct, options, FieldTable::default()).await {
        Ok(()) => Ok(()),
        Err(error) if is_refusal(&error) => Err(unusable(error.to_string())),
        Err(error) => Err(error.into()),
    }
}
