//! The command `compare`: rate, CPU time, memory, start and latency of all contenders.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;

use crate::comparison::{Comparison, Row, Run};
use crate::contender::Contender;
use crate::figures::{Figures, Spread};
use crate::report::Report;
use crate::run::{self, Batch};
use crate::setup::Setup;

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct CompareOptions {
    /// Prefetches to compare at.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100])]
    prefetch: Vec<u16>,
    /// Contenders to measure; the baseline and the reference only if they are there.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["worker", "observed", "baseline", "floor", "reference"])]
    contenders: Vec<Contender>,
    /// Runs of each contender at each prefetch.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Messages of a run, in per cent of the usual number.
    #[arg(long, default_value_t = 100)]
    percent: usize,
}

impl CompareOptions {
    fn messages(&self, contender: Contender, prefetch: u16) -> usize {
        (contender.messages(prefetch) * self.percent / 100).max(20)
    }
}

/// Measures the contenders, alternating, and reports the comparison.
pub(crate) async fn compare(setup: &Setup, options: &CompareOptions) -> Result<()> {
    let mut contenders = options.contenders.clone();
    contenders.retain(|contender| contender.is_available(setup));
    let mut rows = Vec::new();
    for prefetch in options.prefetch.iter().copied() {
        let mut runs: BTreeMap<Contender, Vec<Figures>> = BTreeMap::new();
        for number in 1..=options.runs {
            for contender in contenders.iter().copied() {
                eprintln!("prefetch {prefetch}, run {number}: {}", contender.name());
                let batch = Batch::new(prefetch, options.messages(contender, prefetch), "/user");
                runs.entry(contender).or_default().push(run::batch(setup, contender, &batch).await?);
            }
        }
        for (contender, runs) in runs {
            let spread = |figure: fn(&Figures) -> f64| Spread::of(runs.iter().map(figure));
            let rate = spread(|run| run.rate);
            eprintln!("prefetch {prefetch}, latency: {}", contender.name());
            rows.push(Row {
                contender,
                prefetch,
                messages: options.messages(contender, prefetch),
                rate,
                cpu_ms: spread(|run| run.cpu_ms),
                peak_mib: spread(|run| run.peak_mib),
                first_ms: spread(|run| run.first_ms),
                runs: runs.iter().map(|run| Run { rate: run.rate, cpu_ms: run.cpu_ms }).collect(),
                latency_ms: run::latency(setup, contender, prefetch, rate.median / 2.0).await?,
            });
        }
    }
    let mut idle_mib = BTreeMap::new();
    for contender in contenders {
        idle_mib.insert(contender, run::idle(setup, contender).await?);
    }
    let comparison = Comparison { rows, idle_mib };
    let report = Report::new(setup.save.as_deref());
    report.publish("compare.md", &comparison.tables())?;
    report.save("compare.json", &serde_json::to_string_pretty(&comparison)?)?;
    report.save("rate.svg", &comparison.chart("messages per second", |row| row.rate.median))?;
    report.save("cpu.svg", &comparison.chart("CPU ms per message", |row| row.cpu_ms.median))
}
