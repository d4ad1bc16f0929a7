//! One cell's surroundings: a step of its own, a worker, and a proxy between the worker and everybody it talks to.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use podio_test_support::broker::Lifetime;
use podio_test_support::{Ended, Environment, Proxy, Stage, Worker, until};
use serde_json::json;

use super::fault::Fault;
use super::point::Point;

/// Time limit of every single wait.
pub(crate) const BOUND: Duration = Duration::from_secs(30);
/// The path of the call that shows that the worker goes on.
pub(crate) const PROBE: &str = "/probe";

/// Whom the worker talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Broker,
    Podio,
    Token,
    Platform,
    Storage,
}

impl Peer {
    const ALL: [Self; 5] = [Self::Broker, Self::Podio, Self::Token, Self::Platform, Self::Storage];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Podio => "Podio",
            Self::Token => "token endpoint",
            Self::Platform => "platform",
            Self::Storage => "object storage",
        }
    }
}

/// A step, its worker and the proxies around it.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) workers: Vec<Worker>,
    podio: Proxy,
    token: Proxy,
    platform: Proxy,
    storage: Proxy,
    environment: Environment,
}

impl Scene {
    /// Sets everything up and waits until the worker consumes.
    pub(crate) async fn set(broker_url: &str, fault: Fault, point: Point) -> Result<Self> {
        let lifetime = if fault.needs_private_broker() { Lifetime::Restart } else { Lifetime::Connection };
        let stage = Stage::set_for(broker_url.to_owned(), "matrix", &[], lifetime).await?;
        let config = json!({
            "oauth": { "access_token": "old-access-token", "refresh_token": "old-refresh-token" },
            "_account": "acc1",
            "retries": "9",
            "retriesDelay": fault.retries_delay(point),
        });
        stage.sandbox.set_step(&json!({ "config": config, "snapshot": {} }));
        let fresh = json!({ "access_token": "new-access-token", "refresh_token": "new-refresh-token" });
        let answers = json!({
            "podio": {
                "GET /user": point.answers(),
                "GET /held": point.answers(),
                "GET /probe": [{ "json": {} }],
                "POST /oauth/token": [{ "json": fresh }],
            },
            "platform": { "PUT /v1/accounts/acc1": [{ "json": {} }] },
        });
        stage.sandbox.set_answers(serde_json::from_value(answers)?)?;
        let podio = Proxy::start(stage.sandbox.podio_addr().to_string()).await?;
        let token = Proxy::start(stage.sandbox.podio_addr().to_string()).await?;
        let platform = Proxy::start(stage.sandbox.platform_addr().to_string()).await?;
        let storage = Proxy::start(stage.sandbox.platform_addr().to_string()).await?;
        let environment = stage
            .environment("customRequest")
            .with("HOSTNAME", "matrix")
            .with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", "1")
            .with("ELASTICIO_DATA_RATE_LIMIT", "100000")
            .with("ELASTICIO_AMQP_PERSISTENT_MESSAGES", "true")
            // The delays between publishes double up to 5 minutes otherwise.
            .with("ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY", "500")
            .with("ELASTICIO_API_URI", &format!("http://{}", platform.address()))
            .with("ELASTICIO_OBJECT_STORAGE_URI", &format!("http://{}", storage.address()))
            .with("REQUEST_TIMEOUT", "20000")
            .with("REQUEST_MAX_RETRY", "4")
            .with("PODIO_API_URL", &format!("http://{}", podio.address()))
            .with("PODIO_TOKEN_URL", &format!("http://{}/oauth/token", token.address()))
            .with("PODIO_CLIENT_ID", "client-of-the-tests")
            .with("PODIO_CLIENT_SECRET", "secret-of-the-client");
        let environment = fault.environment(point.environment(environment));
        let mut scene = Self { stage, workers: Vec::new(), podio, token, platform, storage, environment };
        scene.start_worker().await?;
        Ok(scene)
    }

    pub(crate) fn proxy(&self, peer: Peer) -> &Proxy {
        match peer {
            Peer::Broker => &self.stage.proxy,
            Peer::Podio => &self.podio,
            Peer::Token => &self.token,
            Peer::Platform => &self.platform,
            Peer::Storage => &self.storage,
        }
    }

    /// The connections of a worker that is gone end, and what was on its way with them.
    pub(crate) fn reset_all(&self) {
        for peer in Peer::ALL {
            self.proxy(peer).reset("");
        }
    }

    /// Starts a worker and waits until it consumes.
    pub(crate) async fn start_worker(&mut self) -> Result<()> {
        until("the end of the worker before", BOUND, async || Ok((!self.stage.is_consumed().await?).then_some(())))
            .await?;
        let program = Path::new(env!("CARGO_BIN_EXE_podio-component"));
        let mut worker = Worker::start(program, &self.environment)?;
        until("the worker's consumer", BOUND, async || {
            ensure!(worker.is_running()?, "the worker ended at start");
            Ok(self.stage.is_consumed().await?.then_some(()))
        })
        .await?;
        self.workers.push(worker);
        Ok(())
    }

    /// The worker that was started last.
    pub(crate) fn worker(&mut self) -> Result<&mut Worker> {
        self.workers.last_mut().context("there is a worker")
    }

    /// Stops the worker in order.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let worker = self.worker()?;
        worker.terminate()?;
        let ended = worker.ended(BOUND).await?;
        ensure!(ended == Ended(0), "the worker ended with {ended:?}");
        Ok(())
    }

    /// Waits for a line in the log of the worker that was started last.
    pub(crate) async fn logged(&self, text: &str) -> Result<()> {
        let worker = self.workers.last().context("there is a worker")?;
        let said = |log: &[String]| log.iter().any(|line| line.contains(text));
        worker.log().wait_until(&format!("the line {text:?}"), BOUND, said).await.map(drop)
    }

    /// The lines of all workers.
    pub(crate) fn log(&self) -> String {
        self.workers.iter().flat_map(|worker| worker.log().all()).collect::<Vec<_>>().join("\n")
    }
}
