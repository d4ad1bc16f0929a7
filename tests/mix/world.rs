//! Everything that takes part: a broker of its own, the sandbox, two lanes. Faults strike it here.

use std::time::Duration;

use anyhow::{Context, Result};
use podio_sandbox::{Answers, Options, Sandbox, default_step};
use podio_test_support::broker::Broker;
use podio_test_support::{PrivateBroker, Proxy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::faults::{Fault, Planned};
use crate::lane::{HOST, Lane, LaneWorker, QueueType};

/// Podio's rate limit while there is one: below what the lanes need.
const LIMIT: &str = "10/2";

/// Everything that takes part.
pub(crate) struct World {
    pub(crate) broker: PrivateBroker,
    pub(crate) sandbox: Sandbox,
    pub(crate) lanes: Vec<Lane>,
    /// Each worker reaches the broker through one of its own.
    proxies: Vec<Proxy>,
    /// The connection that messages are sent with.
    pub(crate) control: Broker,
}

impl World {
    /// Starts everything: one worker on a classic queue, two on a quorum queue.
    pub(crate) async fn start() -> Result<Self> {
        let broker = PrivateBroker::start("mix").await?;
        let control = Broker::connect(broker.url()).await?;
        let sandbox = patient_sandbox().await?;
        let authority = broker.url().split(['@', '/']).nth(3).context("a URL with a user")?;
        let (mut lanes, mut proxies) = (Vec::new(), Vec::new());
        for (queue_type, workers) in [(QueueType::Classic, 1), (QueueType::Quorum, 2)] {
            let mut addresses = Vec::new();
            for _ in 0..workers {
                let proxy = Proxy::on(TcpListener::bind("127.0.0.1:0").await?, authority.to_owned())?;
                addresses.push(format!("amqp://guest:guest@{}/%2f", proxy.address()));
                proxies.push(proxy);
            }
            lanes.push(Lane::start(&control, &sandbox, queue_type, &addresses).await?);
        }
        Ok(Self { broker, sandbox, lanes, proxies, control })
    }

    /// Sends messages until so many wait in every lane.
    pub(crate) async fn top_up(&mut self, waiting: u32) -> Result<()> {
        for lane in &mut self.lanes {
            lane.top_up(&self.control, waiting).await?;
        }
        Ok(())
    }

    /// Has a fault begin, last and end.
    pub(crate) async fn strike(&mut self, planned: &Planned) -> Result<()> {
        let lasts = planned.lasts;
        match planned.fault {
            Fault::Kill => {
                for lane in &mut self.lanes {
                    let chosen = planned.choice % lane.workers.len();
                    lane.workers[chosen].kill().await?;
                }
                sleep(lasts).await;
                self.restart_chosen(planned)
            }
            Fault::Stop => {
                for lane in &mut self.lanes {
                    let chosen = planned.choice % lane.workers.len();
                    lane.workers[chosen].stop().await?;
                }
                sleep(lasts).await;
                self.restart_chosen(planned)
            }
            Fault::Cut => {
                self.proxies.iter().for_each(Proxy::cut);
                Ok(())
            }
            Fault::BlackHole => {
                self.proxies.iter().for_each(|proxy| proxy.deafen(HOST));
                sleep(lasts).await;
                self.proxies.iter().for_each(Proxy::cut);
                Ok(())
            }
            Fault::BrokerRestart => {
                self.broker.restart().await?;
                self.control = Broker::connect(self.broker.url()).await?;
                Ok(())
            }
            Fault::BrokerFull => {
                self.broker.ctl(&["-q", "set_vm_memory_high_watermark", "0.000001"]).await?;
                sleep(lasts).await;
                self.broker.ctl(&["-q", "set_vm_memory_high_watermark", "0.8"]).await.map(drop)
            }
            Fault::PodioErrors => self.podio_answers(json!({ "status": 500, "json": {} }), lasts).await,
            Fault::PodioSlow => self.podio_answers(json!({ "json": { "user_id": 1 }, "delay": 2.0 }), lasts).await,
            Fault::PodioResets => self.podio_answers(json!({ "reset": true }), lasts).await,
            Fault::PodioLimit => {
                self.sandbox.set_rate_limit(Some(LIMIT.parse().map_err(anyhow::Error::msg)?));
                sleep(lasts).await;
                self.sandbox.set_rate_limit(None);
                Ok(())
            }
            Fault::ExpiredTokens => {
                self.sandbox.expire_access_tokens();
                Ok(())
            }
        }
    }

    /// All workers.
    pub(crate) fn workers(&self) -> impl Iterator<Item = &LaneWorker> {
        self.lanes.iter().flat_map(|lane| &lane.workers)
    }

    fn restart_chosen(&mut self, planned: &Planned) -> Result<()> {
        for lane in &mut self.lanes {
            let chosen = planned.choice % lane.workers.len();
            lane.workers[chosen].restart()?;
        }
        Ok(())
    }

    /// Has Podio give this answer for a while.
    async fn podio_answers(&self, answer: Value, lasts: Duration) -> Result<()> {
        self.sandbox.set_answers(serde_json::from_value(json!({ "podio": { "GET /user": [answer] } }))?)?;
        sleep(lasts).await;
        Ok(self.sandbox.set_answers(Answers::default())?)
    }
}

/// Podio and the platform for a step that tries calls again until they succeed.
pub(crate) async fn patient_sandbox() -> Result<Sandbox> {
    let mut step = default_step();
    (step["config"]["retries"], step["config"]["retriesDelay"]) = (json!(1000), json!("100"));
    Ok(podio_sandbox::start(Options { step, ..Options::default() }).await?)
}
