//! The queues of a run: one that the contender consumes, one that collects its results.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind,
    options::{
        BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use uuid::Uuid;

/// A run fails if no result comes for this long.
const SILENCE: Duration = Duration::from_secs(30);
/// No further result comes after this time without one, once all contenders have ended.
const REST: Duration = Duration::from_secs(2);

/// The names of a run's queues and exchange.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) input: String,
    pub(crate) exchange: String,
    results: String,
}

/// The queues of one run.
pub(crate) struct Queues {
    pub(crate) names: Names,
    channel: Channel,
    results: Consumer,
    _connection: Connection,
}

/// A result that has arrived.
pub(crate) struct Arrived {
    pub(crate) at: Instant,
    /// Its header `parentMessageId`: the id of the message that it is the result of.
    pub(crate) message_id: String,
}

impl Queues {
    pub(crate) async fn declare(broker: &str) -> Result<Self> {
        let connection = Connection::connect(broker, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let unique = Uuid::new_v4();
        let names = Names {
            input: format!("bench-in-{unique}"),
            exchange: format!("bench-{unique}"),
            results: format!("bench-out-{unique}"),
        };
        let (exchange, queues) = (names.exchange.as_str(), [&names.input, &names.results]);
        let none = FieldTable::default;
        channel
            .exchange_declare(exchange.into(), ExchangeKind::Direct, ExchangeDeclareOptions::default(), none())
            .await?;
        for queue in queues {
            channel.queue_declare(queue.as_str().into(), QueueDeclareOptions::default(), none()).await?;
        }
        channel
            .queue_bind(
                names.results.as_str().into(),
                exchange.into(),
                "data".into(),
                QueueBindOptions::default(),
                none(),
            )
            .await?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let results = channel.basic_consume(names.results.as_str().into(), "bench".into(), options, none()).await?;
        Ok(Self { names, channel, results, _connection: connection })
    }

    /// Publishes a message with this id to the contender's queue.
    pub(crate) async fn send(&self, payload: &[u8], id: &str) -> Result<()> {
        let mut headers = FieldTable::default();
        for (name, value) in [("messageId", id), ("threadId", "bench"), ("stepId", "step_0")] {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        let properties = BasicProperties::default().with_headers(headers);
        let input = self.names.input.as_str();
        self.channel
            .basic_publish("".into(), input.into(), BasicPublishOptions::default(), payload, properties)
            .await?;
        Ok(())
    }

    /// Waits for the next result.
    pub(crate) async fn next(&mut self) -> Result<Arrived> {
        let next = tokio::time::timeout(SILENCE, self.results.next()).await;
        let delivery = next.context("no result for 30 s")?.context("the queue of results was deleted")??;
        let headers = delivery.properties.headers().as_ref();
        let message_id = headers.and_then(|table| match table.inner().get("parentMessageId") {
            Some(AMQPValue::LongString(text)) => Some(text.to_string()),
            _ => None,
        });
        Ok(Arrived { at: Instant::now(), message_id: message_id.unwrap_or_default() })
    }

    /// How many messages wait for the contender.
    pub(crate) async fn waiting(&self) -> Result<u32> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let input = self.names.input.as_str().into();
        Ok(self.channel.queue_declare(input, options, FieldTable::default()).await?.message_count())
    }

    /// Reads the results that nobody waited for; returns how many there were.
    pub(crate) async fn rest(&mut self) -> Result<usize> {
        let mut count = 0;
        while let Ok(result) = tokio::time::timeout(REST, self.next()).await {
            result?;
            count += 1;
        }
        Ok(count)
    }

    pub(crate) async fn delete(self) -> Result<()> {
        for queue in [&self.names.input, &self.names.results] {
            self.channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
        }
        let exchange = self.names.exchange.as_str();
        self.channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await?;
        Ok(())
    }
}
