//! The command `fleet`: one, two and four workers on one queue, one killed and one added, while messages flow. The curve is
//! what their operators see: it comes from a Prometheus that scrapes them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::time::{Instant, timeout_at};

use crate::contender::Contender;
use crate::payload::encrypted_get;
use crate::process::stop;
use crate::prometheus::Prometheus;
use crate::queue::{Arrived, Queues};
use crate::report::Report;
use crate::setup::Setup;
use crate::slow_api;
use crate::timeline::timeline;

const PREFETCH: u16 = 20;
/// An answer takes so long that two cores are enough for four workers.
const LATENCY_MS: u32 = 50;
/// Messages that wait in the queue at any time.
const WAITING: usize = 3000;
/// Workers at most, each with an address of its own.
const WORKERS: usize = 4;
/// Seconds of the rate's average.
const AVERAGE: &str = "5s";

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct FleetOptions {
    /// The program of Prometheus.
    #[arg(long, default_value = "prometheus")]
    prometheus: PathBuf,
    /// Seconds of each phase.
    #[arg(long, default_value_t = 40)]
    seconds: u64,
}

/// The workers that run.
struct Fleet<'a> {
    setup: &'a Setup,
    queues: Queues,
    api: String,
    slots: [Option<Child>; WORKERS],
    /// Results of each message.
    counts: Vec<u16>,
    answered: usize,
    kills: usize,
}

/// The address that the worker of a slot serves its figures on.
fn address(slot: usize) -> String {
    format!("127.77.0.{}:9464", slot + 1)
}

/// Measures it and reports it.
pub(crate) async fn fleet(setup: &Setup, options: &FleetOptions) -> Result<()> {
    let targets: Vec<String> = (0..WORKERS).map(address).collect();
    let prometheus = Prometheus::start(&options.prometheus, "127.77.0.9:9090", &targets).await?;
    let (queues, api) = (Queues::declare(&setup.broker).await?, slow_api::serve().await?);
    let mut fleet =
        Fleet { setup, queues, api, slots: [const { None }; WORKERS], counts: Vec::new(), answered: 0, kills: 0 };
    let (from, began) = (since_1970(), Instant::now());
    let (mut marks, mut out) = (Vec::new(), String::from("\n| workers | messages per second |\n|---|---|\n"));
    for (phase, workers) in
        ["1 worker", "2 workers", "4 workers", "one killed", "4 again"].into_iter().zip([1, 2, 4, 3, 4])
    {
        marks.push((began.elapsed().as_secs_f64(), phase.to_owned()));
        fleet.scale_to(workers)?;
        let (before, start) = (fleet.answered, Instant::now());
        fleet.flow_until(start + Duration::from_secs(options.seconds)).await?;
        #[allow(clippy::cast_precision_loss, reason = "figures for people")]
        let rate = (fleet.answered - before) as f64 / start.elapsed().as_secs_f64();
        let _ = writeln!(out, "| {phase} | {rate:.0} |");
    }
    let to = since_1970();
    let query = format!("sum(rate(messaging_process_duration_seconds_count{{outcome=\"acknowledged\"}}[{AVERAGE}]))");
    let rate = prometheus.range(&query, from, to).await?;
    let up = prometheus.range("sum(podio_connected) * 100", from, to).await?;
    let in_flight = prometheus.range("sum(podio_messages_in_flight)", from, to).await?;
    let (sent, repeated) = fleet.finish().await?;
    let _ = writeln!(out, "\n{sent} messages, none lost, {repeated} repeated after one kill.");
    let report = Report::new(setup.save.as_deref());
    let series = [("messages per second", rate), ("in flight", in_flight), ("workers × 100", up)];
    let title = format!("Prefetch {PREFETCH}, {LATENCY_MS} ms a call, as Prometheus sees it");
    report.save("fleet.svg", &timeline(&title, &series, &marks))?;
    report.publish("fleet.md", &out)
}

impl Fleet<'_> {
    /// Kills workers or starts them, until there are so many.
    fn scale_to(&mut self, workers: usize) -> Result<()> {
        let running = self.slots.iter().filter(|slot| slot.is_some()).count();
        for slot in self.slots.iter_mut().filter(|slot| slot.is_some()).take(running.saturating_sub(workers)) {
            let mut killed = slot.take().context("a worker")?;
            killed.kill().and_then(|()| killed.wait())?;
            self.kills += 1;
        }
        let empty = self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.is_none());
        for (index, slot) in empty.take(workers.saturating_sub(running)) {
            let environment = [("PODIO_API_URL", self.api.clone()), ("PODIO_HTTP_ADDRESS", address(index))];
            *slot = Some(Contender::Worker.start(self.setup, &self.queues.names, PREFETCH, &environment, None)?);
        }
        Ok(())
    }

    /// Keeps messages waiting and reads results, until then.
    async fn flow_until(&mut self, end: Instant) -> Result<()> {
        let payload = encrypted_get(&format!("/delay/{LATENCY_MS}"));
        while Instant::now() < end {
            while self.counts.len() < self.answered + WAITING {
                self.queues.send(&payload, &self.counts.len().to_string()).await?;
                self.counts.push(0);
            }
            match timeout_at(end, self.queues.next()).await {
                Ok(arrived) => self.count(&arrived?)?,
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn count(&mut self, arrived: &Arrived) -> Result<()> {
        let message = self.counts.get_mut(arrived.message_id.parse::<usize>()?);
        let count = message.context("a result of a message that was never sent")?;
        self.answered += usize::from(*count == 0);
        *count = count.saturating_add(1);
        Ok(())
    }

    /// Reads the last results and stops the workers; returns how many messages there were, and how many results too many.
    async fn finish(mut self) -> Result<(usize, usize)> {
        while self.answered < self.counts.len() {
            let arrived = self.queues.next().await.context("messages are lost")?;
            self.count(&arrived)?;
        }
        let repeated = self.counts.iter().map(|count| usize::from(count.saturating_sub(1))).sum::<usize>();
        let repeated = repeated + self.queues.rest().await?;
        for slot in self.slots.iter_mut().filter_map(Option::take) {
            stop(slot).await?;
        }
        ensure!(self.queues.waiting().await? == 0, "messages are left");
        ensure!(repeated <= self.kills * usize::from(PREFETCH), "{repeated} results came twice");
        self.queues.delete().await?;
        Ok((self.counts.len(), repeated))
    }
}

fn since_1970() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
