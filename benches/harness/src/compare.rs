//! All contenders, alternating: rates, CPU, memory, start, latency; and their ratios.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use crate::{
    cli::{CompareOptions, Places},
    contender::Contender,
    figures::{Run, Spread},
    plot::{self, Series},
    report,
    run::{self, Batch},
};

/// All figures of one contender at one prefetch.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) contender: Contender,
    pub(crate) prefetch: u16,
    pub(crate) messages: usize,
    pub(crate) rate: Spread,
    pub(crate) cpu_ms: Spread,
    pub(crate) peak_mib: Spread,
    pub(crate) first_ms: Spread,
    /// p50, p99, p99.9 at half of the median rate, milliseconds.
    pub(crate) latency_ms: [f64; 3],
}

/// Everything that a comparison gave.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) rows: Vec<Row>,
    /// Idle memory, MiB.
    pub(crate) idle_mib: BTreeMap<Contender, f64>,
}

/// Runs the comparison and tells it.
pub(crate) async fn compare(places: &Places, options: &CompareOptions) -> Result<()> {
    let mut contenders = options.contenders.clone();
    contenders.retain(|contender| *contender != Contender::Reference || places.reference.is_some());
    let mut rows = Vec::new();
    for prefetch in options.prefetch.iter().copied() {
        let mut runs: BTreeMap<Contender, Vec<Run>> = BTreeMap::new();
        for number in 1..=options.runs {
            for contender in &contenders {
                eprintln!("prefetch {prefetch}, run {number}: {}", contender.name());
                let messages = (contender.messages(prefetch) * options.percent / 100).max(20);
                let batch = Batch::new(prefetch, messages, "/user");
                runs.entry(*contender).or_default().push(run::batch(places, *contender, &batch).await?);
            }
        }
        for (contender, runs) in runs {
            let spread = |figure: fn(&Run) -> f64| Spread::of(runs.iter().map(figure));
            let rate = spread(|run| run.rate);
            eprintln!("prefetch {prefetch}, latency: {}", contender.name());
            rows.push(Row {
                contender,
                prefetch,
                messages: (contender.messages(prefetch) * options.percent / 100).max(20),
                rate,
                cpu_ms: spread(|run| run.cpu_ms),
                peak_mib: spread(|run| run.peak_mib),
                first_ms: spread(|run| run.first_ms),
                latency_ms: run::latency(places, contender, prefetch, rate.median / 2.0).await?,
            });
        }
    }
    let mut idle_mib = BTreeMap::new();
    for contender in contenders {
        idle_mib.insert(contender, run::idle(places, contender).await?);
    }
    let comparison = Comparison { rows, idle_mib };
    report::print(&report::table(&comparison))?;
    if let Some(folder) = &places.save {
        report::save(folder, "compare.json", &serde_json::to_string_pretty(&comparison)?)?;
        report::save(folder, "compare.md", &report::table(&comparison))?;
        report::save(folder, "rate.svg", &chart(&comparison, "messages per second", |row| row.rate.median))?;
        report::save(folder, "cpu.svg", &chart(&comparison, "CPU ms per message", |row| row.cpu_ms.median))?;
    }
    Ok(())
}

fn chart(comparison: &Comparison, label: &str, figure: fn(&Row) -> f64) -> String {
    let mut series: BTreeMap<Contender, Vec<(f64, f64)>> = BTreeMap::new();
    for row in &comparison.rows {
        series.entry(row.contender).or_default().push((f64::from(row.prefetch), figure(row)));
    }
    let series: Vec<Series> =
        series.into_iter().map(|(contender, points)| Series::new(contender.name(), points)).collect();
    plot::log_log(label, "prefetch", label, &series)
}
