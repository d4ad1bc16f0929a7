//! What a step needs on the broker: the queues and exchanges that the platform declares, with unique names, so that tests
//! can run in parallel.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
    QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind};
use uuid::Uuid;

use crate::arrivals::Arrivals;
use crate::test_message::TestMessage;

/// The routing keys that a step publishes with; `reply` is the `reply_to` of messages that ask for a copy.
const ROUTING_KEYS: [&str; 5] = ["data", "error", "rebound", "snapshot", "reply"];

/// After this many milliseconds without use, the broker deletes a queue that a killed test left behind.
const UNUSED_QUEUE_EXPIRES_MS: i32 = 10 * 60 * 1000;

/// How long queues, exchanges and messages live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// As long as the test's connection.
    Connection,
    /// Beyond a restart of the broker.
    Restart,
    /// Beyond the end of a node, without a pause: the queues are quorum queues, which have a member on each of three nodes.
    Quorum,
}

/// The names of a step's queues and exchanges.
#[derive(Clone, Debug)]
pub struct StepNames {
    /// The worker's queue.
    pub input: String,
    /// The exchange that the worker publishes to.
    pub exchange: String,
    /// The queue that collects what the worker publishes.
    pub results: String,
    /// The dead-letter exchange of the worker's queue.
    pub(crate) dead_exchange: String,
    /// The queue that collects what the worker rejects.
    pub dead: String,
}

impl StepNames {
    /// Unique names that contain `label`, so that they can be recognised on the broker.
    #[must_use]
    pub fn unique(label: &str) -> Self {
        let base = format!("podio-test.{label}.{}", Uuid::new_v4().simple());
        let name = |part: &str| format!("{base}.{part}");
        Self {
            input: name("input"),
            exchange: name("exchange"),
            results: name("results"),
            dead_exchange: name("dead-exchange"),
            dead: name("dead"),
        }
    }
}

/// A message as the broker delivered it to the test.
#[derive(Debug)]
pub struct Received {
    /// When it arrived.
    pub at: Instant,
    /// Routing key, properties and body.
    pub delivery: Delivery,
}

/// The state of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// How many messages wait for a consumer.
    pub ready: u32,
    /// How many consumers it has.
    pub consumers: u32,
}

/// The test's own connection to the broker.
#[derive(Debug)]
pub struct Broker {
    connection: Connection,
    pub(crate) channel: Channel,
}

impl Broker {
    /// Connects to the broker at `url`.
    pub async fn connect(url: &str) -> Result<Self> {
        let properties = ConnectionProperties::default().with_connection_name("podio-test".into());
        let connection = Connection::connect(url, properties).await.context("the tests' broker can't be reached")?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { connection, channel })
    }

    /// Declares the step's queues and exchanges and binds all routing keys except those in `unbound`.
    pub async fn declare(&self, names: &StepNames, lifetime: Lifetime, unbound: &[String]) -> Result<()> {
        let durable = lifetime != Lifetime::Connection;
        let collecting = QueueDeclareOptions { durable, exclusive: !durable, ..QueueDeclareOptions::default() };
        self.declare_exchange(&names.exchange, ExchangeKind::Direct, durable).await?;
        self.declare_exchange(&names.dead_exchange, ExchangeKind::Fanout, durable).await?;
        for queue in [&names.results, &names.dead] {
            let arguments = if lifetime == Lifetime::Quorum { quorum() } else { FieldTable::default() };
            self.channel.queue_declare(queue.as_str().into(), collecting, arguments).await?;
        }
        for key in ROUTING_KEYS.iter().filter(|key| !unbound.iter().any(|name| name == *key)) {
            self.bind(&names.results, &names.exchange, key).await?;
        }
        self.bind(&names.dead, &names.dead_exchange, "").await?;
        match lifetime {
            Lifetime::Quorum => self.declare_quorum_input(names).await,
            _ => self.declare_input(names).await,
        }
    }

    /// Declares the worker's queue.
    pub async fn declare_input(&self, names: &StepNames) -> Result<()> {
        let mut arguments = FieldTable::default();
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(names.dead_exchange.as_str().into()));
        arguments.insert("x-expires".into(), AMQPValue::LongInt(UNUSED_QUEUE_EXPIRES_MS));
        // Durable whatever its messages are: RabbitMQ 4 still permits others that are not exclusive, later ones do not.
        let consumed_by_worker = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(names.input.as_str().into(), consumed_by_worker, arguments).await?;
        Ok(())
    }

    /// Declares the worker's queue as a quorum queue.
    pub async fn declare_quorum_input(&self, names: &StepNames) -> Result<()> {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(names.input.as_str().into(), options, quorum()).await?;
        Ok(())
    }

    /// Deletes the worker's queue, with what is in it.
    pub async fn delete_input(&self, names: &StepNames) -> Result<()> {
        self.channel.queue_delete(names.input.as_str().into(), QueueDeleteOptions::default()).await?;
        Ok(())
    }

    /// Deletes the exchange that the worker publishes to.
    pub async fn delete_exchange(&self, names: &StepNames) -> Result<()> {
        Ok(self.channel.exchange_delete(names.exchange.as_str().into(), ExchangeDeleteOptions::default()).await?)
    }

    /// Declares that exchange again, with all its bindings.
    pub async fn restore_exchange(&self, names: &StepNames) -> Result<()> {
        self.declare_exchange(&names.exchange, ExchangeKind::Direct, false).await?;
        for key in ROUTING_KEYS {
            self.bind(&names.results, &names.exchange, key).await?;
        }
        Ok(())
    }

    async fn declare_exchange(&self, name: &str, kind: ExchangeKind, durable: bool) -> Result<()> {
        let options = ExchangeDeclareOptions { durable, auto_delete: !durable, ..ExchangeDeclareOptions::default() };
        Ok(self.channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await?)
    }

    /// Binds a queue to a fanout exchange of its own, which goes with it; returns the exchange's name.
    pub(crate) async fn bind_to_fanout(&self, queue: &str) -> Result<String> {
        let exchange = format!("{queue}.fanout");
        self.declare_exchange(&exchange, ExchangeKind::Fanout, false).await?;
        self.bind(queue, &exchange, "").await?;
        Ok(exchange)
    }

    pub(crate) async fn bind(&self, queue: &str, exchange: &str, key: &str) -> Result<()> {
        let options = QueueBindOptions::default();
        Ok(self.channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await?)
    }

    pub(crate) async fn unbind(&self, queue: &str, exchange: &str, key: &str) -> Result<()> {
        Ok(self.channel.queue_unbind(queue.into(), exchange.into(), key.into(), FieldTable::default()).await?)
    }

    /// Publishes a message to the worker's queue and waits for the broker's confirm.
    pub async fn publish(&self, names: &StepNames, message: &TestMessage) -> Result<()> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let queue = names.input.as_str().into();
        let confirm =
            self.channel.basic_publish("".into(), queue, options, message.body(), message.properties()?).await?.await?;
        ensure!(matches!(confirm, Confirmation::Ack(None)), "the broker did not take a message: {confirm:?}");
        Ok(())
    }

    /// Consumes everything in `queue` from now on.
    pub async fn collect(&self, queue: &str) -> Result<Arrivals<Arc<Received>>> {
        let arrivals = Arrivals::default();
        self.collect_into(queue, &arrivals).await?;
        Ok(arrivals)
    }

    /// The same, added to what arrived before.
    pub(crate) async fn collect_into(&self, queue: &str, arrivals: &Arrivals<Arc<Received>>) -> Result<()> {
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let mut consumer = self.channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        let list = arrivals.clone();
        tokio::spawn(async move {
            while let Some(Ok(delivery)) = consumer.next().await {
                list.push(Arc::new(Received { at: Instant::now(), delivery }));
            }
        });
        Ok(())
    }

    /// The current state of `queue`.
    pub async fn state(&self, queue: &str) -> Result<QueueState> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
        Ok(QueueState { ready: queue.message_count(), consumers: queue.consumer_count() })
    }

    /// Deletes the step's queues and exchanges and closes the connection.
    pub async fn remove(&self, names: &StepNames) -> Result<()> {
        for queue in [&names.input, &names.results, &names.dead] {
            self.channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
        }
        for exchange in [&names.exchange, &names.dead_exchange] {
            self.channel.exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default()).await?;
        }
        Ok(self.connection.close(200, "done".into()).await?)
    }
}

/// The arguments of a quorum queue.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}
