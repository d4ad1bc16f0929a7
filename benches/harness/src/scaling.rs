//! The command `scaling`: how the worker's cost grows with the size of bodies, the number of workers, the length of the
//! queue, and the latency of the API.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::contender::Contender;
use crate::plot::{self, Series};
use crate::report::Report;
use crate::run::{self, Batch};
use crate::setup::Setup;
use crate::slow_api;

const WORKER: Contender = Contender::Worker;

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct ScalingOptions {
    /// What is varied.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["bodies", "workers", "backlog", "latency"])]
    vary: Vec<Vary>,
    /// Messages of a run, in per cent of the usual number.
    #[arg(long, default_value_t = 100)]
    percent: usize,
}

/// What the cost may grow with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Vary {
    /// The size of bodies.
    Bodies,
    /// The number of workers on one queue.
    Workers,
    /// The number of messages that wait.
    Backlog,
    /// The latency of the API, and the prefetch.
    Latency,
}

/// Measures what the options ask for and reports it.
pub(crate) async fn scaling(setup: &Setup, options: &ScalingOptions) -> Result<()> {
    let scaling = Scaling { setup, percent: options.percent, report: Report::new(setup.save.as_deref()) };
    let mut document = String::new();
    for vary in &options.vary {
        document.push_str(&match vary {
            Vary::Bodies => scaling.bodies().await?,
            Vary::Workers => scaling.workers().await?,
            Vary::Backlog => scaling.backlog().await?,
            Vary::Latency => scaling.latencies().await?,
        });
    }
    scaling.report.publish("scaling.md", &document)
}

/// What each measurement needs.
struct Scaling<'a> {
    setup: &'a Setup,
    percent: usize,
    report: Report<'a>,
}

impl Scaling<'_> {
    fn scaled(&self, messages: usize) -> usize {
        (messages * self.percent / 100).max(4)
    }

    /// Varies bodies from 100 B to 10 MB, one message at a time.
    async fn bodies(&self) -> Result<String> {
        let mut out = String::from("\n| body, bytes | messages | CPU ms per message | peak MiB |\n|---|---|---|---|\n");
        let mut cpu = Vec::new();
        for (size, messages) in
            [(100, 2000), (1000, 2000), (10_000, 2000), (100_000, 1000), (1_000_000, 200), (10_000_000, 20)]
        {
            eprintln!("bodies of {size} bytes");
            let url = format!("/size/{size}.json");
            let messages = self.scaled(messages);
            let batch = Batch::new(1, messages, &url);
            let run = run::batch(self.setup, WORKER, &batch).await?;
            let _ = writeln!(out, "| {size} | {messages} | {:.3} | {:.1} |", run.cpu_ms, run.peak_mib);
            cpu.push((f64::from(size), run.cpu_ms));
        }
        // The line through the last point on which the cost is proportional to the size.
        let linear = match (cpu.first(), cpu.last()) {
            (Some(&(_, least)), Some(&(size, most))) => vec![(size * least / most, least), (size, most)],
            _ => Vec::new(),
        };
        let series = [Series::measured("worker", cpu), Series::ideal("linear", linear)];
        self.report.save(
            "bodies.svg",
            &plot::log_log("Cost of a message by the size of its body", "bytes", "CPU ms", &series),
        )?;
        Ok(out)
    }

    /// Varies the number of workers on one queue from one to eight.
    async fn workers(&self) -> Result<String> {
        let mut out = String::from("\n| workers on one queue | messages/s |\n|---|---|\n");
        let mut rates = Vec::new();
        for workers in [1_u8, 2, 4, 8] {
            eprintln!("{workers} workers");
            let messages = self.scaled(30_000);
            let batch = Batch { workers: workers.into(), ..Batch::new(10, messages, "/user") };
            let run = run::batch(self.setup, WORKER, &batch).await?;
            let _ = writeln!(out, "| {workers} | {:.0} |", run.rate);
            rates.push((f64::from(workers), run.rate));
        }
        let ideal = rates.first().map(|(_, one)| vec![(1.0, *one), (8.0, one * 8.0)]).unwrap_or_default();
        let series = [Series::measured("prefetch 10", rates), Series::ideal("ideal", ideal)];
        self.report
            .save("workers.svg", &plot::log_log("Workers on one queue", "workers", "messages per second", &series))?;
        Ok(out)
    }

    /// Measures a long queue.
    async fn backlog(&self) -> Result<String> {
        let messages = self.scaled(100_000);
        eprintln!("{messages} messages waiting");
        let batch = Batch::new(100, messages, "/user");
        let run = run::batch(self.setup, WORKER, &batch).await?;
        Ok(format!(
            "\n{messages} messages waiting at prefetch 100: {:.0} messages/s, {:.3} CPU ms per message, peak {:.1} MiB.\n",
            run.rate, run.cpu_ms, run.peak_mib
        ))
    }

    /// Varies the latency of the API and the prefetch; the rate should be prefetch ÷ latency.
    async fn latencies(&self) -> Result<String> {
        let mut out =
            String::from("\n| API latency, ms | prefetch | messages/s | of prefetch ÷ latency |\n|---|---|---|---|\n");
        let slow_api = slow_api::serve().await?;
        let mut series = Vec::new();
        for latency in [0_u32, 5, 50, 500] {
            let mut rates = Vec::new();
            for prefetch in [1_u16, 10, 100, 1000] {
                eprintln!("latency {latency} ms, prefetch {prefetch}");
                let ideal = 1000.0 * f64::from(prefetch) / f64::from(latency);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
                let messages = if latency == 0 { 10_000 } else { (ideal * 8.0).min(20_000.0) as usize };
                let messages = self.scaled(messages).max(usize::from(prefetch) * 4);
                let url = format!("/delay/{latency}");
                let environment = vec![("PODIO_API_URL", slow_api.clone())];
                let batch = Batch { environment, ..Batch::new(prefetch, messages, &url) };
                let run = run::batch(self.setup, WORKER, &batch).await?;
                let part = if latency == 0 { String::from("-") } else { format!("{:.0} %", 100.0 * run.rate / ideal) };
                let _ = writeln!(out, "| {latency} | {prefetch} | {:.0} | {part} |", run.rate);
                rates.push((f64::from(prefetch), run.rate));
            }
            series.push(Series::measured(&format!("{latency} ms"), rates));
            if latency > 0 {
                let ideal = |prefetch: f64| (prefetch, 1000.0 * prefetch / f64::from(latency));
                series.push(Series::ideal(&format!("{latency} ms, ideal"), vec![ideal(1.0), ideal(1000.0)]));
            }
        }
        self.report.save(
            "latency.svg",
            &plot::log_log("Rate by prefetch and latency of the API", "prefetch", "messages per second", &series),
        )?;
        Ok(out)
    }
}
