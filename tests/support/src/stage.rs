//! Everything that a worker of one step talks to: its queues on a real broker with a proxy in front of it, and the sandbox,
//! which plays Podio and the platform and gives only scripted answers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use lapin::uri::AMQPUri;
use podio_sandbox::{Api, Call, Options, Sandbox};

use crate::arrivals::Arrivals;
use crate::broker::{Broker, Lifetime, Received, StepNames};
use crate::emitted::Emitted;
use crate::environment::{Endpoints, Environment};
use crate::private_broker::shared_broker_url;
use crate::proxy::Proxy;
use crate::test_message::TestMessage;
use crate::wait::until;

/// Within this time the broker notices that a worker is gone and returns its messages to the queue.
const RETURN_BOUND: Duration = Duration::from_secs(10);

/// A step that is ready for its worker.
pub struct Stage {
    /// What the worker has published.
    pub results: Arrivals<Arc<Received>>,
    /// What the worker has rejected.
    pub rejected: Arrivals<Arc<Received>>,
    /// The proxy between the worker and the broker.
    pub proxy: Proxy,
    /// Plays Podio and the platform.
    pub sandbox: Sandbox,
    broker: Broker,
    names: StepNames,
    broker_url: String,
}

impl Stage {
    /// Declares the queues, binds all routing keys except those in `unbound`, and starts the proxy and the sandbox. `label`
    /// becomes part of the names on the broker.
    pub async fn set(label: &str, unbound: &[String]) -> Result<Self> {
        Self::set_on(shared_broker_url().await?, label, unbound).await
    }

    /// The same on another broker than the shared one.
    pub async fn set_on(broker_url: String, label: &str, unbound: &[String]) -> Result<Self> {
        Self::set_for(broker_url, label, unbound, Lifetime::Connection).await
    }

    /// The same, with queues and messages that live as long as `lifetime` says.
    pub async fn set_for(broker_url: String, label: &str, unbound: &[String], lifetime: Lifetime) -> Result<Self> {
        let broker = Broker::connect(&broker_url).await?;
        let names = StepNames::unique(label);
        broker.declare(&names, lifetime, unbound).await?;
        let results = broker.collect(&names.results).await?;
        let rejected = broker.collect(&names.dead).await?;
        let proxy = Proxy::start(authority(&broker_url)?).await?;
        let sandbox = podio_sandbox::start(Options { only_answers: true, ..Options::default() }).await?;
        Ok(Self { results, rejected, proxy, sandbox, broker, names, broker_url })
    }

    /// Connects the test again after a restart of the broker, and collects further what the worker publishes and rejects.
    pub async fn reconnect(&mut self) -> Result<()> {
        self.broker = Broker::connect(&self.broker_url).await?;
        self.broker.collect_into(&self.names.results, &self.results).await?;
        self.broker.collect_into(&self.names.dead, &self.rejected).await
    }

    /// The environment of this step's worker, which runs `function`.
    #[must_use]
    pub fn environment(&self, function: &str) -> Environment {
        let direct = authority(&self.broker_url).unwrap_or_default();
        Environment::for_worker(
            function,
            Endpoints {
                amqp_url: &self.broker_url.replacen(&direct, &self.proxy.address().to_string(), 1),
                queue: &self.names.input,
                exchange: &self.names.exchange,
                podio_url: &self.sandbox.podio_url(),
                platform_url: &self.sandbox.platform_url(),
            },
        )
    }

    /// Another proxy in front of the same broker.
    pub async fn another_proxy(&self) -> Result<Proxy> {
        Proxy::start(authority(&self.broker_url)?).await
    }

    /// Lets what the worker rejects from now on be dropped, for messages that the test cannot read itself.
    pub async fn drop_rejected(&self) -> Result<()> {
        self.broker.unbind(&self.names.dead, &self.names.dead_exchange, "").await
    }

    /// The names of the step's queues and exchanges.
    #[must_use]
    pub fn names(&self) -> &StepNames {
        &self.names
    }

    /// Binds the worker's queue to an exchange that passes every message on, whatever its routing key; returns its name.
    pub async fn bind_input_to_everything(&self) -> Result<String> {
        self.broker.bind_to_fanout(&self.names.input).await
    }

    /// Binds the worker's queue to the exchange that the worker publishes to.
    pub async fn bind_input(&self, key: &str) -> Result<()> {
        self.broker.bind(&self.names.input, &self.names.exchange, key).await
    }

    /// The test's own connection.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The URL of the broker, without the proxy.
    #[must_use]
    pub fn broker_url(&self) -> &str {
        &self.broker_url
    }

    /// Sends a message to the worker's queue.
    pub async fn send(&self, message: &TestMessage) -> Result<()> {
        self.broker.publish(&self.names, message).await
    }

    /// Binds a routing key that was left unbound, so that what is published with it is routed from now on.
    pub async fn bind(&self, key: &str) -> Result<()> {
        self.broker.bind(&self.names.results, &self.names.exchange, key).await
    }

    /// Whether a worker has begun to consume.
    pub async fn is_consumed(&self) -> Result<bool> {
        Ok(self.broker.state(&self.names.input).await?.consumers > 0)
    }

    /// Undoes [`Self::bind`]: no queue takes what is published with `key`.
    pub async fn unbind(&self, key: &str) -> Result<()> {
        self.broker.unbind(&self.names.results, &self.names.exchange, key).await
    }

    /// How many messages wait in the queue, without those that the worker is processing.
    pub async fn waiting(&self) -> Result<usize> {
        Ok(usize::try_from(self.broker.state(&self.names.input).await?.ready)?)
    }

    /// Waits until the worker is gone and returns how many messages it left in the queue.
    pub async fn left(&self) -> Result<usize> {
        until("the return of the worker's messages", RETURN_BOUND, async || {
            let state = self.broker.state(&self.names.input).await?;
            Ok((state.consumers == 0).then_some(state.ready))
        })
        .await
        .and_then(|ready| Ok(usize::try_from(ready)?))
    }

    /// What the worker has published, decoded.
    pub fn emitted(&self) -> Result<Vec<Emitted>> {
        self.results.all().iter().map(|received| Emitted::decode(received)).collect()
    }

    /// The calls to `api` so far, in order.
    #[must_use]
    pub fn calls(&self, api: Api) -> Vec<Call> {
        self.sandbox.calls().into_iter().filter(|call| call.api == api).collect()
    }

    /// Deletes what was declared on the broker.
    pub async fn remove(&self) -> Result<()> {
        self.broker.remove(&self.names).await
    }
}

/// The `host:port` of an AMQP URL, as it is spelt there.
fn authority(url: &str) -> Result<String> {
    let uri: AMQPUri = url.parse().map_err(|problem| anyhow!("AMQP_URL: {problem}"))?;
    let authority = format!("{}:{}", uri.authority.host, uri.authority.port);
    url.contains(&authority).then_some(authority).context("AMQP_URL must name its port")
}
