//! A step with its queue and its workers, each of which reaches the broker through a proxy of its own.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use podio_sandbox::Sandbox;
use podio_test_support::broker::{Broker, Lifetime, StepNames};
use podio_test_support::environment::Endpoints;
use podio_test_support::{Ended, Environment, Proxy, TestMessage, Worker};
use tokio::net::TcpListener;

/// How many messages a worker has in hand.
pub(crate) const PREFETCH: usize = 10;
/// Results per second of a whole lane, which its workers' rate limits see to.
pub(crate) const RATE: u32 = 20;
/// The interval of those limits; a short one spreads the results.
const INTERVAL_MS: u32 = 200;
/// A worker stops within this time.
const STOP_BOUND: Duration = Duration::from_secs(20);
/// Part of the names of the workers' connections.
pub(crate) const HOST: &str = "mix-worker";

/// The type of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueType {
    Classic,
    Quorum,
}

/// A step and its workers.
pub(crate) struct Lane {
    pub(crate) queue_type: QueueType,
    pub(crate) names: StepNames,
    pub(crate) workers: Vec<LaneWorker>,
    /// The ids of all messages so far.
    pub(crate) sent: Vec<String>,
}

/// A worker, and what it takes to start it again.
pub(crate) struct LaneWorker {
    environment: Environment,
    proxy: Proxy,
    process: Worker,
}

impl Lane {
    /// Declares the queues and starts the workers.
    pub(crate) async fn start(
        broker: &Broker,
        authority: &str,
        sandbox: &Sandbox,
        queue_type: QueueType,
        workers: u32,
    ) -> Result<Self> {
        let names = StepNames::unique("mix");
        broker.declare(&names, Lifetime::Restart, &[]).await?;
        if queue_type == QueueType::Quorum {
            broker.delete_input(&names).await?;
            broker.declare_quorum_input(&names).await?;
        }
        let mut lane = Self { queue_type, names, workers: Vec::new(), sent: Vec::new() };
        for _ in 0..workers {
            let worker = LaneWorker::start(authority, sandbox, &lane.names, workers).await?;
            lane.workers.push(worker);
        }
        Ok(lane)
    }

    /// Sends this many more messages.
    pub(crate) async fn send(&mut self, broker: &Broker, count: usize) -> Result<()> {
        for _ in 0..count {
            let id = format!("{:?}-{}", self.queue_type, self.sent.len());
            let message = TestMessage::get(&format!("/user?id={id}")).with_header("messageId", id.clone().into());
            broker.publish(&self.names, &message).await?;
            self.sent.push(id);
        }
        Ok(())
    }
}

impl LaneWorker {
    async fn start(authority: &str, sandbox: &Sandbox, names: &StepNames, workers: u32) -> Result<Self> {
        let proxy = Proxy::on(TcpListener::bind("127.0.0.1:0").await?, authority.to_owned())?;
        let endpoints = Endpoints {
            amqp_url: &format!("amqp://guest:guest@{}/%2f", proxy.address()),
            queue: &names.input,
            exchange: &names.exchange,
            podio_url: &sandbox.podio_url(),
            platform_url: &sandbox.platform_url(),
        };
        let environment = Environment::for_worker("customRequest", endpoints)
            .with("HOSTNAME", HOST)
            .with("LOG_LEVEL", "info")
            .with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", &PREFETCH.to_string())
            .with("ELASTICIO_DATA_RATE_LIMIT", &(RATE * INTERVAL_MS / 1000 / workers).to_string())
            .with("ELASTICIO_RATE_INTERVAL", &INTERVAL_MS.to_string())
            .with("ELASTICIO_AMQP_PERSISTENT_MESSAGES", "true");
        let process = spawn(&environment)?;
        Ok(Self { environment, proxy, process })
    }

    /// Its process id; none between its end and the next start.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Kills it.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.process.kill().await
    }

    /// Asks it to stop, which it must do within its time and without an error.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.process.terminate()?;
        let ended = self.process.ended(STOP_BOUND).await?;
        ensure!(ended == Ended(0), "a worker ended with {ended:?}:\n{}", self.last_lines());
        Ok(())
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.process = spawn(&self.environment)?;
        Ok(())
    }

    /// Fails if it has ended by itself.
    pub(crate) fn ensure_running(&mut self) -> Result<()> {
        ensure!(self.process.is_running()?, "a worker has ended:\n{}", self.last_lines());
        Ok(())
    }

    /// Breaks its connections to the broker.
    pub(crate) fn cut(&self) {
        self.proxy.cut();
    }

    /// Lets nothing that it sends reach the broker, until the next [`Self::cut`].
    pub(crate) fn swallow(&self) {
        self.proxy.deafen(HOST);
    }

    /// The end of its log.
    pub(crate) fn last_lines(&self) -> String {
        let log = self.process.log().all();
        log[log.len().saturating_sub(20)..].join("\n")
    }
}

fn spawn(environment: &Environment) -> Result<Worker> {
    Worker::start(Path::new(env!("CARGO_BIN_EXE_podio-component")), environment)
}
