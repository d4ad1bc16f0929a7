//! Plays the platform: declares what it declares, sends messages as the previous step would, and consumes everything that
//! comes out of the worker.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use elasticio_runtime::platform::cipher::Encoding;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
    options::{
        BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use uuid::Uuid;

use crate::flow::{DEAD_LETTER_KEY, Flow};
use crate::inbox::{Inbox, Sent};

/// After this many milliseconds without use, the broker deletes a queue that a killed demo left behind.
const UNUSED_QUEUE_EXPIRES_MS: i32 = 60 * 60 * 1000;
/// Most results that the broker keeps while nobody consumes them; the oldest are dropped.
const RESULTS_KEPT: i32 = 1000;
/// How long to wait for the worker to consume its queue.
const WORKER_LIMIT: Duration = Duration::from_secs(15);
/// Pause between two looks at the queue.
const WORKER_POLL: Duration = Duration::from_millis(50);

/// A connection to the flow's broker.
pub(crate) struct Platform<'a> {
    flow: &'a Flow,
    channel: Channel,
    // Closes when dropped.
    _connection: Connection,
}

struct QueueState {
    /// Messages that wait for a consumer.
    ready: u32,
    consumers: u32,
}

impl<'a> Platform<'a> {
    /// Connects to the broker.
    pub(crate) async fn connect(flow: &'a Flow) -> Result<Self> {
        let properties = ConnectionProperties::default().with_connection_name("podio-demo".into());
        let connection = Connection::connect(&flow.amqp_uri, properties)
            .await
            .context("the broker of ELASTICIO_AMQP_URI cannot be reached")?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { flow, channel, _connection: connection })
    }

    /// Declares the exchange, the worker's queue with its dead letters, and a queue for all results.
    pub(crate) async fn declare(&self) -> Result<()> {
        // The broker deletes the exchange with the last queue that is bound to it.
        let options = ExchangeDeclareOptions { auto_delete: true, ..ExchangeDeclareOptions::default() };
        let exchange = self.flow.exchange.as_str();
        self.channel.exchange_declare(exchange.into(), ExchangeKind::Direct, options, FieldTable::default()).await?;
        let mut arguments = expires_when_unused();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(RESULTS_KEPT));
        let results = self.flow.results_queue();
        self.declare_queue(&results, QueueDeclareOptions::default(), arguments).await?;
        self.bind_all(&results).await?;
        let mut arguments = expires_when_unused();
        arguments.insert("x-dead-letter-exchange".into(), text(exchange));
        arguments.insert("x-dead-letter-routing-key".into(), text(DEAD_LETTER_KEY));
        self.declare_queue(&self.flow.queue, QueueDeclareOptions::default(), arguments).await
    }

    /// Deletes the queues, and with them the exchange.
    pub(crate) async fn remove(&self) -> Result<()> {
        for queue in [self.flow.queue.clone(), self.flow.results_queue()] {
            self.channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
        }
        Ok(())
    }

    /// Waits until a worker consumes the queue.
    pub(crate) async fn await_worker(&self) -> Result<()> {
        let deadline = Instant::now() + WORKER_LIMIT;
        while self.queue_state().await?.consumers == 0 {
            if Instant::now() > deadline {
                bail!("no worker consumed the queue {} within {WORKER_LIMIT:?}", self.flow.queue);
            }
            tokio::time::sleep(WORKER_POLL).await;
        }
        Ok(())
    }

    /// How many messages wait in the worker's queue.
    pub(crate) async fn waiting(&self) -> Result<u32> {
        Ok(self.queue_state().await?.ready)
    }

    /// Consumes everything that comes out from now on.
    pub(crate) async fn inbox(&self) -> Result<Inbox<'a>> {
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let name = format!("{}.seen-by.{}", self.flow.queue, Uuid::new_v4());
        self.declare_queue(&name, exclusive, FieldTable::default()).await?;
        self.bind_all(&name).await?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consumer =
            self.channel.basic_consume(name.as_str().into(), "".into(), options, FieldTable::default()).await?;
        Ok(Inbox::new(consumer, self.flow))
    }

    /// Encrypts a message and sends it to the worker's queue, as the previous step of a flow would.
    pub(crate) async fn send(&self, message: &str) -> Result<Sent> {
        let (id, at) = (Uuid::new_v4().to_string(), Instant::now());
        self.send_as(&id, message).await?;
        Ok(Sent { id, at })
    }

    /// The same, with this message id.
    pub(crate) async fn send_as(&self, id: &str, message: &str) -> Result<()> {
        let mut headers = FieldTable::default();
        for (name, value) in [("messageId", id), ("threadId", "demo-thread"), ("stepId", "step_1")] {
            headers.insert(name.into(), text(value));
        }
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf8".into())
            .with_headers(headers);
        let body = self.flow.cipher().encrypt(message.as_bytes().to_vec(), Encoding::Base64);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let queue = self.flow.queue.as_str();
        let confirm = self.channel.basic_publish("".into(), queue.into(), options, &body, properties).await?.await?;
        ensure!(matches!(confirm, Confirmation::Ack(None)), "the broker has no queue {queue}; was it declared?");
        Ok(())
    }

    async fn declare_queue(&self, name: &str, options: QueueDeclareOptions, arguments: FieldTable) -> Result<()> {
        self.channel.queue_declare(name.into(), options, arguments).await?;
        Ok(())
    }

    async fn bind_all(&self, queue: &str) -> Result<()> {
        for key in self.flow.routing_keys() {
            let (exchange, options) = (self.flow.exchange.as_str(), QueueBindOptions::default());
            self.channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await?;
        }
        Ok(())
    }

    async fn queue_state(&self) -> Result<QueueState> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare(self.flow.queue.as_str().into(), passive, FieldTable::default()).await?;
        Ok(QueueState { ready: queue.message_count(), consumers: queue.consumer_count() })
    }
}

fn expires_when_unused() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-expires".into(), AMQPValue::LongInt(UNUSED_QUEUE_EXPIRES_MS));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
