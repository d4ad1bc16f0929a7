//! Figures as tables for terminals and documents, and as files.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::Path,
};

use anyhow::{Context, Result};

use crate::{
    compare::{Comparison, Row},
    contender::Contender,
    figures::Spread,
};

/// The comparison as a Markdown table, with the ratios that count.
pub(crate) fn table(comparison: &Comparison) -> String {
    let mut out = String::from(
        "\n| prefetch | contender | messages/s (min, median, max) | CPU ms per message | peak MiB | start to first result, ms | latency at half that rate, ms: p50, p99, p99.9 |\n|---|---|---|---|---|---|---|\n",
    );
    for row in &comparison.rows {
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
    out.push_str("\n| prefetch | worker ÷ floor, CPU per message | worker ÷ floor, rate | worker ÷ reference, rate |\n|---|---|---|---|\n");
    let mut prefetches: Vec<u16> = comparison.rows.iter().map(|row| row.prefetch).collect();
    prefetches.dedup();
    for prefetch in prefetches {
        let find =
            |contender| comparison.rows.iter().find(|row| row.contender == contender && row.prefetch == prefetch);
        let (worker, floor) = (find(Contender::Worker), find(Contender::Floor));
        let ratio = |other: Option<&Row>, figure: fn(&Row) -> f64| match (worker, other) {
            (Some(worker), Some(other)) => format!("{:.2}", figure(worker) / figure(other)),
            _ => "not measured".to_owned(),
        };
        let _ = writeln!(
            out,
            "| {prefetch} | {} | {} | {} |",
            ratio(floor, |row| row.cpu_ms.median),
            ratio(floor, |row| row.rate.median),
            ratio(find(Contender::Reference), |row| row.rate.median),
        );
    }
    let idle: Vec<String> =
        comparison.idle_mib.iter().map(|(contender, mib)| format!("{} {mib:.1} MiB", contender.name())).collect();
    let _ = writeln!(out, "\nIdle memory: {}.", idle.join(", "));
    out
}

fn spread(spread: Spread, digits: usize) -> String {
    format!("{:.digits$}, **{:.digits$}**, {:.digits$}", spread.min, spread.median, spread.max)
}

/// Prints a result.
pub(crate) fn print(text: &str) -> Result<()> {
    io::stdout().lock().write_all(text.as_bytes()).context("standard output is closed")
}

/// Writes a file of the results.
pub(crate) fn save(folder: &Path, name: &str, text: &str) -> Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
}
