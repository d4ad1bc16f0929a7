//! The queues of a run: filled before a contender starts, emptied as its results come.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use elasticio_runtime::platform::cipher::{Cipher, Encoding};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind,
    options::{
        BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};

use crate::contender::{IV, PASSWORD};

/// No result for this long ends a run as failed.
const SILENCE: Duration = Duration::from_secs(30);

/// What a run's queues and exchange are called.
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

/// One result.
pub(crate) struct Arrived {
    pub(crate) at: Instant,
    /// Its header `parentMessageId`: what the message was called.
    pub(crate) id: String,
}

/// The payload of a message: a GET of `url`.
pub(crate) fn sealed(url: &str) -> Vec<u8> {
    let cipher = Cipher::new(&PASSWORD.into(), *IV);
    let message = serde_json::json!({ "body": { "method": "GET", "url": url } });
    cipher.encrypt(message.to_string().into_bytes(), Encoding::Base64)
}

impl Queues {
    pub(crate) async fn declare(broker: &str) -> Result<Self> {
        let connection = Connection::connect(broker, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let unique = uuid::Uuid::new_v4();
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

    /// Lays one message into the queue, called `id`.
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

    /// The next result.
    pub(crate) async fn next(&mut self) -> Result<Arrived> {
        let next = tokio::time::timeout(SILENCE, self.results.next()).await;
        let delivery = next.context("no result for 30 s")?.context("the results' queue is gone")??;
        let headers = delivery.properties.headers().as_ref();
        let id = headers.and_then(|table| match table.inner().get("parentMessageId") {
            Some(AMQPValue::LongString(text)) => Some(text.to_string()),
            _ => None,
        });
        Ok(Arrived { at: Instant::now(), id: id.unwrap_or_default() })
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
