//! The results of a comparison, as a table and as charts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::contender::Contender;
use crate::figures::Spread;
use crate::plot::{self, Series};

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
    /// Each run, in order: those of the same place in two rows followed one another.
    pub(crate) runs: Vec<Run>,
    /// p50, p99, p99.9 at half of the median rate, milliseconds.
    pub(crate) latency_ms: [f64; 3],
}

/// What is compared of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) rate: f64,
    pub(crate) cpu_ms: f64,
}

/// A figure of one contender divided by that of another.
struct Ratio {
    title: &'static str,
    of: Contender,
    by: Contender,
    figure: fn(&Run) -> f64,
}

impl Ratio {
    const fn of_cpu(title: &'static str, of: Contender, by: Contender) -> Self {
        Self { title, of, by, figure: |run| run.cpu_ms }
    }

    const fn of_rates(title: &'static str, of: Contender, by: Contender) -> Self {
        Self { title, of, by, figure: |run| run.rate }
    }
}

/// The ratios that are printed.
const RATIOS: [Ratio; 6] = [
    Ratio::of_cpu("worker ÷ floor, CPU per message", Contender::Worker, Contender::Floor),
    Ratio::of_rates("worker ÷ floor, rate", Contender::Worker, Contender::Floor),
    Ratio::of_rates("worker ÷ reference, rate", Contender::Worker, Contender::Reference),
    Ratio::of_cpu("observed ÷ worker, CPU per message", Contender::Observed, Contender::Worker),
    Ratio::of_cpu("worker ÷ baseline, CPU per message", Contender::Worker, Contender::Baseline),
    Ratio::of_rates("worker ÷ baseline, rate", Contender::Worker, Contender::Baseline),
];

/// All results of a comparison.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) rows: Vec<Row>,
    /// Idle memory, MiB.
    pub(crate) idle_mib: BTreeMap<Contender, f64>,
}

impl Comparison {
    /// Markdown tables of all figures and of the ratios between contenders.
    pub(crate) fn tables(&self) -> String {
        let mut out = String::from(
            "\n| prefetch | contender | messages/s (min, median, max) | CPU ms per message | peak MiB | start to first result, ms | latency at half that rate, ms: p50, p99, p99.9 |\n|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let [p50, p99, p999] = row.latency_ms;
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {p50:.2}, {p99:.2}, {p999:.2} |",
                row.prefetch,
                row.contender.name(),
                spread(row.rate, 0),
                spread(row.cpu_ms, 3),
                spread(row.peak_mib, 1),
                spread(row.first_ms, 0),
            );
        }
        out.push_str("\nMedians of the ratios of runs that followed one another (min, median, max):\n\n");
        let mut prefetches: Vec<u16> = self.rows.iter().map(|row| row.prefetch).collect();
        prefetches.dedup();
        let titles: Vec<String> = prefetches.iter().map(|prefetch| format!("prefetch {prefetch}")).collect();
        let _ = writeln!(out, "| | {} |\n|---|{}", titles.join(" | "), "---|".repeat(titles.len()));
        for ratio in RATIOS {
            let ratios: Vec<Spread> =
                prefetches.iter().filter_map(|prefetch| self.spread_of(&ratio, *prefetch)).collect();
            if !ratios.is_empty() {
                let ratios: Vec<String> = ratios.into_iter().map(|ratio| spread(ratio, 2)).collect();
                let _ = writeln!(out, "| {} | {} |", ratio.title, ratios.join(" | "));
            }
        }
        let idle: Vec<String> =
            self.idle_mib.iter().map(|(contender, mib)| format!("{} {mib:.1} MiB", contender.name())).collect();
        let _ = writeln!(out, "\nIdle memory: {}.", idle.join(", "));
        out
    }

    /// A chart of one figure by prefetch, with a line for each contender.
    pub(crate) fn chart(&self, label: &str, figure: fn(&Row) -> f64) -> String {
        let mut series: BTreeMap<Contender, Vec<(f64, f64)>> = BTreeMap::new();
        for row in &self.rows {
            series.entry(row.contender).or_default().push((f64::from(row.prefetch), figure(row)));
        }
        let series: Vec<Series> =
            series.into_iter().map(|(contender, points)| Series::measured(contender.name(), points)).collect();
        plot::log_log(label, "prefetch", label, &series)
    }

    /// A ratio at a prefetch, run by run; `None` if one of the contenders was not measured.
    fn spread_of(&self, ratio: &Ratio, prefetch: u16) -> Option<Spread> {
        let row = |contender| self.rows.iter().find(|row| row.contender == contender && row.prefetch == prefetch);
        let (of, by) = (&row(ratio.of)?.runs, &row(ratio.by)?.runs);
        Some(Spread::of(of.iter().zip(by).map(|(of, by)| (ratio.figure)(of) / (ratio.figure)(by))))
    }
}

fn spread(spread: Spread, digits: usize) -> String {
    format!("{:.digits$}, **{:.digits$}**, {:.digits$}", spread.min, spread.median, spread.max)
}
