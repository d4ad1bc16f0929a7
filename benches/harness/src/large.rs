//! The command `large`: many large answers at once, also while the broker takes nothing, and small messages beside a large
//! one.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;

use crate::contender::Contender;
use crate::figures::{Spread, mib};
use crate::payload::{encrypted_get, encrypted_get_with};
use crate::process::{memory_kib, stop};
use crate::queue::Queues;
use crate::report::Report;
use crate::setup::Setup;
use crate::stallable::Stallable;

/// Large answers at once.
const TOGETHER: u16 = 20;
const LARGE: &str = "/size/30000000.json";
/// The answer beside the small messages.
const LARGER: &str = "/size/60000000.json";
/// The message beside the small ones: with base64, 80 MB in the queue.
const INCOMING: usize = 60_000_000;
/// Small messages.
const SMALL: usize = 1000;
const PREFETCH: u16 = 100;
/// Runs of each kind, alternating; the median counts.
const RUNS: usize = 5;

/// How it is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct LargeOptions {
    /// Seconds in which the broker takes nothing.
    #[arg(long, default_value_t = 30)]
    stall: u64,
}

/// Measures both and reports it.
pub(crate) async fn large(setup: &Setup, options: &LargeOptions) -> Result<()> {
    let mut out = format!(
        "\n| {TOGETHER} answers of 30 MB at prefetch {TOGETHER} | results | s | peak MiB |\n|---|---|---|---|\n"
    );
    for stall in [0, options.stall] {
        eprintln!("{TOGETHER} answers of 30 MB; the broker takes nothing for {stall} s");
        let (results, seconds, peak) = together(setup, Duration::from_secs(stall)).await?;
        let _ = writeln!(out, "| the broker takes nothing for {stall} s | {results} | {seconds:.1} | {peak:.0} |");
    }
    let beside = [
        ("alone", None),
        ("beside an answer of 60 MB", Some(encrypted_get(LARGER))),
        ("beside a message of 60 MB", Some(encrypted_get_with("/user", INCOMING))),
    ];
    let mut runs = [const { Vec::new() }; 3];
    for run in 1..=RUNS {
        for ((name, large), runs) in beside.iter().zip(&mut runs) {
            eprintln!("{SMALL} small messages {name}: {run} of {RUNS}");
            runs.push(small(setup, large.as_deref()).await?);
        }
    }
    out.push_str(
        "\n| 1,000 small messages at prefetch 100 | per second (min, median, max) | ÷ alone | longest gap ms |\n|---|---|---|---|\n",
    );
    let alone = Spread::of(runs[0].iter().map(|run| run.0)).median;
    for ((name, _), runs) in beside.iter().zip(&runs) {
        let (rate, gap) = (Spread::of(runs.iter().map(|run| run.0)), Spread::of(runs.iter().map(|run| run.1)));
        let (Spread { min, median, max }, part) = (rate, rate.median / alone);
        let _ = writeln!(out, "| {name} | {min:.0}, {median:.0}, {max:.0} | {part:.2} | {:.0} |", gap.median);
    }
    Report::new(setup.save.as_deref()).publish("large.md", &out)
}

/// Results, seconds, and the memory at the peak in MiB.
async fn together(setup: &Setup, stall: Duration) -> Result<(usize, f64, f64)> {
    let broker = Stallable::before(&setup.broker).await?;
    let mut queues = Queues::declare(&setup.broker).await?;
    let address = [("ELASTICIO_AMQP_URI", broker.url.clone())];
    let child = Contender::Worker.start(setup, &queues.names, TOGETHER, &address, None)?;
    let payload = encrypted_get(LARGE);
    for index in 0..TOGETHER {
        queues.send(&payload, &index.to_string()).await?;
    }
    let begin = Instant::now();
    queues.next().await?;
    let mut results = 1;
    if !stall.is_zero() {
        broker.stall(true);
        tokio::time::sleep(stall).await;
        broker.stall(false);
    }
    while results < usize::from(TOGETHER) && queues.next().await.is_ok() {
        results += 1;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let peak = mib(memory_kib(child.id(), "VmHWM")?);
    stop(child).await?;
    queues.delete().await?;
    Ok((results, seconds, peak))
}

/// Small messages per second, and the longest time without the result of one, in milliseconds. `large` goes before them.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
async fn small(setup: &Setup, large: Option<&[u8]>) -> Result<(f64, f64)> {
    let mut queues = Queues::declare(&setup.broker).await?;
    let small = encrypted_get("/user");
    let child = Contender::Worker.start(setup, &queues.names, PREFETCH, &[], None)?;
    queues.send(&small, "warm-up").await?;
    queues.next().await?;
    if let Some(large) = large {
        queues.send(large, "large").await?;
    }
    let begin = Instant::now();
    for index in 0..SMALL {
        queues.send(&small, &index.to_string()).await?;
    }
    let (mut last, mut gap, mut results) = (begin, Duration::ZERO, 0);
    while results < SMALL {
        let arrived = queues.next().await?;
        if arrived.message_id != "large" {
            gap = gap.max(arrived.at - last);
            last = arrived.at;
            results += 1;
        }
    }
    ensure!(last > begin, "no time has passed");
    stop(child).await?;
    queues.delete().await?;
    Ok((SMALL as f64 / (last - begin).as_secs_f64(), gap.as_secs_f64() * 1000.0))
}
