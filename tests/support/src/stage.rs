//! All that a worker of one step talks to: its queues on a real broker, a proxy before it, and Podio and the platform
//! played by the sandbox, which answers what the test ordered and nothing else.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use lapin::uri::AMQPUri;
use podio_sandbox::{Api, Call, Options, Sandbox};

use crate::arrivals::Arrivals;
use crate::broker::{Broker, Lifetime, Received, StepNames};
use crate::environment::Places;
use crate::{Emitted, Environment, Input, Proxy, shared_broker_url, until};

/// A broker notices within this time that a worker is gone, and gives its messages back to the queue.
const RETURN_BOUND: Duration = Duration::from_secs(10);

/// One step, set up and ready for its worker.
pub struct Stage {
    /// What the worker published so far.
    pub results: Arrivals<Arc<Received>>,
    /// What the worker rejected so far.
    pub rejected: Arrivals<Arc<Received>>,
    /// Between the worker and the broker.
    pub proxy: Proxy,
    /// Podio and the platform.
    pub sandbox: Sandbox,
    broker: Broker,
    names: StepNames,
    broker_url: String,
}

impl Stage {
    /// Declares the queues, with all routing keys bound but those in `unbound`, and starts proxy and sandbox.
    /// `label` becomes part of the names on the broker.
    pub async fn set(label: &str, unbound: &[String]) -> Result<Self> {
        let broker_url = shared_broker_url().await?;
        let broker = Broker::connect(&broker_url).await?;
        let names = StepNames::unique(label);
        broker.declare(&names, Lifetime::Connection, unbound).await?;
        let results = broker.collect(&names.results).await?;
        let rejected = broker.collect(&names.dead).await?;
        let proxy = Proxy::start(authority(&broker_url)?).await?;
        let sandbox = podio_sandbox::start(Options { only_answers: true, ..Options::default() }).await?;
        Ok(Self { results, rejected, proxy, sandbox, broker, names, broker_url })
    }

    /// The environment of a worker of this step that runs `function`.
    #[must_use]
    pub fn environment(&self, function: &str) -> Environment {
        let direct = authority(&self.broker_url).unwrap_or_default();
        Environment::of_worker(
            function,
            Places {
                amqp_url: &self.broker_url.replacen(&direct, &self.proxy.address().to_string(), 1),
                queue: &self.names.input,
                exchange: &self.names.exchange,
                podio_url: &self.sandbox.podio_url(),
                platform_url: &self.sandbox.platform_url(),
            },
        )
    }

    /// Lays a message into the worker's queue.
    pub async fn send(&self, input: &Input) -> Result<()> {
        self.broker.publish(&self.names, input).await
    }

    /// Binds a routing key that was left unbound, so that a queue takes what is published with it from now on.
    pub async fn bind(&self, key: &str) -> Result<()> {
        self.broker.bind(&self.names.results, &self.names.exchange, key).await
    }

    /// Has a worker begun to consume?
    pub async fn is_consumed(&self) -> Result<bool> {
        Ok(self.broker.state(&self.names.input).await?.consumers > 0)
    }

    /// How many messages wait in the queue, those in work not counted.
    pub async fn waiting(&self) -> Result<usize> {
        Ok(usize::try_from(self.broker.state(&self.names.input).await?.ready)?)
    }

    /// How many messages the worker left, once the broker knows that it is gone.
    pub async fn left(&self) -> Result<usize> {
        until("the return of the worker's messages", RETURN_BOUND, async || {
            let state = self.broker.state(&self.names.input).await?;
            Ok((state.consumers == 0).then_some(state.ready))
        })
        .await
        .and_then(|ready| Ok(usize::try_from(ready)?))
    }

    /// What was published so far, decoded.
    pub fn emitted(&self) -> Result<Vec<Emitted>> {
        self.results.all().iter().map(|received| Emitted::decode(received)).collect()
    }

    /// The calls that came to `api` so far, in order.
    #[must_use]
    pub fn calls(&self, api: Api) -> Vec<Call> {
        self.sandbox.calls().into_iter().filter(|call| call.api == api).collect()
    }

    /// Takes away what is on the broker.
    pub async fn remove(&self) -> Result<()> {
        self.broker.remove(&self.names).await
    }
}

/// The `host:port` of an AMQP URL, as it is written there.
fn authority(url: &str) -> Result<String> {
    let uri: AMQPUri = url.parse().map_err(|problem| anyhow::anyhow!("AMQP_URL: {problem}"))?;
    let authority = format!("{}:{}", uri.authority.host, uri.authority.port);
    url.contains(&authority).then_some(authority).context("AMQP_URL must name its port")
}
