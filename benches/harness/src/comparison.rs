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
    /// p50, p99, p99.9 at half of the median rate, milliseconds.
    pub(crate) latency_ms: [f64; 3],
}

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
        out.push_str("\n| prefetch | worker ÷ floor, CPU per message | worker ÷ floor, rate | worker ÷ reference, rate | observed ÷ worker, CPU per message |\n|---|---|---|---|---|\n");
        let mut prefetches: Vec<u16> = self.rows.iter().map(|row| row.prefetch).collect();
        prefetches.dedup();
        for prefetch in prefetches {
            let _ = writeln!(
                out,
                "| {prefetch} | {} | {} | {} | {} |",
                self.ratio(prefetch, Contender::Worker, Contender::Floor, |row| row.cpu_ms.median),
                self.ratio(prefetch, Contender::Worker, Contender::Floor, |row| row.rate.median),
                self.ratio(prefetch, Contender::Worker, Contender::Reference, |row| row.rate.median),
                self.ratio(prefetch, Contender::Observed, Contender::Worker, |row| row.cpu_ms.median),
            );
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

    /// The figure of `of` divided by that of `by`.
    fn ratio(&self, prefetch: u16, of: Contender, by: Contender, figure: fn(&Row) -> f64) -> String {
        let find = |contender| self.rows.iter().find(|row| row.contender == contender && row.prefetch == prefetch);
        match (find(of), find(by)) {
            (Some(of), Some(by)) => format!("{:.2}", figure(of) / figure(by)),
            _ => "not measured".to_owned(),
        }
    }
}

fn spread(spread: Spread, digits: usize) -> String {
    format!("{:.digits$}, **{:.digits$}**, {:.digits$}", spread.min, spread.median, spread.max)
}
