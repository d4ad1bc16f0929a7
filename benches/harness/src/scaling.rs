//! How the worker's cost grows: with the size of bodies, the number of workers, the length of the queue, and the API's
//! latency.

use std::fmt::Write as _;

use anyhow::Result;

use crate::{
    cli::{Places, ScalingOptions, Vary},
    contender::Contender,
    plot::{self, Series},
    report,
    run::{self, Batch},
    slow,
};

const WORKER: Contender = Contender::Worker;

/// Runs all of it and tells it.
pub(crate) async fn scaling(places: &Places, options: &ScalingOptions) -> Result<()> {
    let mut document = String::new();
    for vary in &options.vary {
        document.push_str(&match vary {
            Vary::Bodies => bodies(places, options).await?,
            Vary::Workers => workers(places, options).await?,
            Vary::Backlog => backlog(places, options).await?,
            Vary::Latency => latencies(places, options).await?,
        });
    }
    report::print(&document)?;
    if let Some(folder) = &places.save {
        report::save(folder, "scaling.md", &document)?;
    }
    Ok(())
}

fn save(places: &Places, name: &str, svg: &str) -> Result<()> {
    places.save.as_ref().map_or(Ok(()), |folder| report::save(folder, name, svg))
}

fn scaled(messages: usize, options: &ScalingOptions) -> usize {
    (messages * options.percent / 100).max(4)
}

/// Bodies of 100 B to 10 MB, one at a time.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
async fn bodies(places: &Places, options: &ScalingOptions) -> Result<String> {
    let mut out = String::from("\n| body, bytes | messages | CPU ms per message | peak MiB |\n|---|---|---|---|\n");
    let (mut cpu, mut ideal) = (Vec::new(), Vec::new());
    for (size, messages) in
        [(100, 2000), (1000, 2000), (10_000, 2000), (100_000, 1000), (1_000_000, 200), (10_000_000, 20)]
    {
        eprintln!("bodies of {size} bytes");
        let url = format!("/size/{size}.json");
        let messages = scaled(messages, options);
        let batch = Batch::new(1, messages, &url);
        let run = run::batch(places, WORKER, &batch).await?;
        let _ = writeln!(out, "| {size} | {messages} | {:.3} | {:.1} |", run.cpu_ms, run.peak_mib);
        cpu.push((f64::from(size), run.cpu_ms));
    }
    if let (Some(first), Some(last)) = (cpu.first(), cpu.last()) {
        ideal = vec![(last.0 * first.1 / last.1, first.1), *last];
    }
    let series = [Series::new("worker", cpu), Series::ideal("linear", ideal)];
    save(
        places,
        "bodies.svg",
        &plot::log_log("Cost of a message by the size of its body", "bytes", "CPU ms", &series),
    )?;
    Ok(out)
}

/// One to eight workers on one queue.
async fn workers(places: &Places, options: &ScalingOptions) -> Result<String> {
    let mut out = String::from("\n| workers on one queue | messages/s |\n|---|---|\n");
    let mut rates = Vec::new();
    for workers in [1_u8, 2, 4, 8] {
        eprintln!("{workers} workers");
        let messages = scaled(30_000, options);
        let batch = Batch { workers: workers.into(), ..Batch::new(10, messages, "/user") };
        let run = run::batch(places, WORKER, &batch).await?;
        let _ = writeln!(out, "| {workers} | {:.0} |", run.rate);
        rates.push((f64::from(workers), run.rate));
    }
    let ideal = rates.first().map(|(_, one)| vec![(1.0, *one), (8.0, one * 8.0)]).unwrap_or_default();
    let series = [Series::new("prefetch 10", rates), Series::ideal("ideal", ideal)];
    save(places, "workers.svg", &plot::log_log("Workers on one queue", "workers", "messages per second", &series))?;
    Ok(out)
}

/// A long queue.
async fn backlog(places: &Places, options: &ScalingOptions) -> Result<String> {
    let messages = scaled(100_000, options);
    eprintln!("{messages} messages waiting");
    let batch = Batch::new(100, messages, "/user");
    let run = run::batch(places, WORKER, &batch).await?;
    Ok(format!(
        "\n{messages} messages waiting at prefetch 100: {:.0} messages/s, {:.3} CPU ms per message, peak {:.1} MiB.\n",
        run.rate, run.cpu_ms, run.peak_mib
    ))
}

/// A slow API: the rate should be prefetch ÷ latency.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
async fn latencies(places: &Places, options: &ScalingOptions) -> Result<String> {
    let mut out =
        String::from("\n| API latency, ms | prefetch | messages/s | of prefetch ÷ latency |\n|---|---|---|---|\n");
    let slow = slow::serve().await?;
    let mut series = Vec::new();
    for latency in [0_u32, 5, 50, 500] {
        let mut rates = Vec::new();
        for prefetch in [1_u16, 10, 100, 1000] {
            eprintln!("latency {latency} ms, prefetch {prefetch}");
            let ideal = 1000.0 * f64::from(prefetch) / f64::from(latency);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
            let messages = if latency == 0 { 10_000 } else { (ideal * 8.0).min(20_000.0) as usize };
            let messages = scaled(messages, options).max(usize::from(prefetch) * 4);
            let url = format!("/delay/{latency}");
            let environment = vec![("PODIO_API_URL", slow.clone())];
            let batch = Batch { environment, ..Batch::new(prefetch, messages, &url) };
            let run = run::batch(places, WORKER, &batch).await?;
            let part = if latency == 0 { String::from("-") } else { format!("{:.0} %", 100.0 * run.rate / ideal) };
            let _ = writeln!(out, "| {latency} | {prefetch} | {:.0} | {part} |", run.rate);
            rates.push((f64::from(prefetch), run.rate));
        }
        series.push(Series::new(&format!("{latency} ms"), rates));
        if latency > 0 {
            let ideal = |prefetch: f64| (prefetch, 1000.0 * prefetch / f64::from(latency));
            series.push(Series::ideal(&format!("{latency} ms, ideal"), vec![ideal(1.0), ideal(1000.0)]));
        }
    }
    save(
        places,
        "latency.svg",
        &plot::log_log("Rate by prefetch and latency of the API", "prefetch", "messages per second", &series),
    )?;
    Ok(out)
}
