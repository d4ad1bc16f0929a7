//! A step with its queue and its workers.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, ensure};
use podio_sandbox::{Api, Sandbox};
use podio_test_support::broker::{Broker, Lifetime, StepNames};
use podio_test_support::environment::Endpoints;
use podio_test_support::{Emitted, Ended, Environment, TestMessage, Worker, until};
use tokio::time::timeout;

use crate::ledger::{Account, Break};

/// How many messages a worker has in hand.
pub(crate) const PREFETCH: usize = 10;
/// Results per second of a whole lane, which its workers' rate limits see to.
pub(crate) const RATE: u32 = 20;
/// The interval of those limits; a short one spreads the results.
const INTERVAL_MS: u32 = 200;
/// A worker stops within this time.
const STOP_BOUND: Duration = Duration::from_secs(20);
/// The last messages are answered within this time.
const DRAIN_BOUND: Duration = Duration::from_secs(120);
/// The time between two looks at how many messages wait.
const TOP_UP_INTERVAL: Duration = Duration::from_millis(500);
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
    process: Worker,
}

impl Lane {
    /// Declares the queues and starts a worker for each of these addresses of the broker.
    pub(crate) async fn start(
        broker: &Broker,
        sandbox: &Sandbox,
        queue_type: QueueType,
        addresses: &[String],
    ) -> Result<Self> {
        let names = StepNames::unique("mix");
        let lifetime = match queue_type {
            QueueType::Classic => Lifetime::Restart,
            QueueType::Quorum => Lifetime::Quorum,
        };
        broker.declare(&names, lifetime, &[]).await?;
        let start = |address: &String| LaneWorker::start(address, sandbox, &names, addresses.len());
        let workers = addresses.iter().map(start).collect::<Result<_>>()?;
        Ok(Self { queue_type, names, workers, sent: Vec::new() })
    }

    /// Sends messages until so many wait.
    pub(crate) async fn top_up(&mut self, broker: &Broker, waiting: u32) -> Result<()> {
        let ready = broker.state(&self.names.input).await?.ready;
        self.send(broker, waiting.saturating_sub(ready) as usize).await
    }

    /// Has `work` done, during which at least about so many messages wait all the time.
    pub(crate) async fn top_up_during<T>(
        &mut self,
        broker: &Broker,
        waiting: u32,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut work = pin!(work);
        loop {
            self.top_up(broker, waiting).await?;
            if let Ok(done) = timeout(TOP_UP_INTERVAL, &mut work).await {
                return done;
            }
        }
    }

    /// Sends this many more messages.
    async fn send(&mut self, broker: &Broker, count: usize) -> Result<()> {
        for _ in 0..count {
            let id = format!("{:?}-{}", self.queue_type, self.sent.len());
            let message = TestMessage::get(&format!("/user?id={id}")).with_header("messageId", id.clone().into());
            broker.publish(&self.names, &message).await?;
            self.sent.push(id);
        }
        Ok(())
    }

    /// The processes of its workers.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.workers.iter().filter_map(LaneWorker::id).collect()
    }

    /// Waits until nothing waits in the queue and everything that the workers have in hand is answered.
    pub(crate) async fn drain(&self, broker: &Broker) -> Result<()> {
        until("the end of the queue", DRAIN_BOUND, async || {
            Ok((broker.state(&self.names.input).await?.ready == 0).then_some(()))
        })
        .await?;
        until("the last results", DRAIN_BOUND, async || {
            Ok((broker.state(&self.names.results).await?.ready as usize >= self.sent.len()).then_some(()))
        })
        .await
    }

    /// Stops the workers, which must leave nothing, and counts.
    pub(crate) async fn settle(&mut self, broker: &Broker, sandbox: &Sandbox, breaks: &[Break]) -> Result<Account> {
        for worker in &mut self.workers {
            worker.stop().await?;
        }
        let left = until("the workers' end", DRAIN_BOUND, async || {
            let state = broker.state(&self.names.input).await?;
            Ok((state.consumers == 0).then_some(state.ready))
        });
        ensure!(left.await? == 0, "messages were left in the queue");
        let results = broker.state(&self.names.results).await?.ready as usize;
        let received = broker.collect(&self.names.results).await?;
        let received = received.wait_for(results, "results", DRAIN_BOUND).await?;
        let emitted = received.iter().map(|received| Emitted::decode(received)).collect::<Result<Vec<_>>>()?;
        let calls: Vec<_> = sandbox.calls().into_iter().filter(|call| call.api == Api::Podio).collect();
        Account::of(&self.sent, &emitted, &calls, breaks)
    }

    /// What it is, for people.
    pub(crate) fn title(&self) -> String {
        format!("{:?}, {} worker(s)", self.queue_type, self.workers.len())
    }
}

impl LaneWorker {
    /// Starts it, one of so many.
    fn start(address: &str, sandbox: &Sandbox, names: &StepNames, workers: usize) -> Result<Self> {
        let endpoints = Endpoints {
            amqp_url: address,
            queue: &names.input,
            exchange: &names.exchange,
            podio_url: &sandbox.podio_url(),
            platform_url: &sandbox.platform_url(),
        };
        let limit = RATE * INTERVAL_MS / 1000 / u32::try_from(workers)?;
        let environment = Environment::for_worker("customRequest", endpoints)
            .with("HOSTNAME", HOST)
            .with("LOG_LEVEL", "info")
            .with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", &PREFETCH.to_string())
            .with("ELASTICIO_DATA_RATE_LIMIT", &limit.to_string())
            .with("ELASTICIO_RATE_INTERVAL", &INTERVAL_MS.to_string())
            .with("ELASTICIO_AMQP_PERSISTENT_MESSAGES", "true");
        let process = spawn(&environment)?;
        Ok(Self { environment, process })
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

    /// The end of its log.
    pub(crate) fn last_lines(&self) -> String {
        let log = self.process.log().all();
        log[log.len().saturating_sub(20)..].join("\n")
    }
}

fn spawn(environment: &Environment) -> Result<Worker> {
    Worker::start(Path::new(env!("CARGO_BIN_EXE_podio-component")), environment)
}
