//! Single runs: a batch that waits in the queue, an idle contender, a fixed rate.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use crate::{
    cli::Places,
    contender::Contender,
    figures::{Run, percentile},
    process::{cpu_ms, memory_kib, stop},
    queue::{Queues, sealed},
};

/// How long an idle contender is watched.
const IDLE: Duration = Duration::from_secs(3);
/// How long a fixed rate is kept.
const LATENCY_TIME: Duration = Duration::from_secs(5);
/// Between two bundles of a fixed rate.
const BUNDLE: Duration = Duration::from_millis(2);

/// What a batch is.
#[derive(Clone, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) prefetch: u16,
    pub(crate) messages: usize,
    /// What is asked for.
    pub(crate) url: &'a str,
    /// Contenders on the queue.
    pub(crate) workers: usize,
    /// Further variables.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Where callgrind writes its counts, if it counts.
    pub(crate) profile: Option<&'a Path>,
}

impl<'a> Batch<'a> {
    /// One contender that is asked for `url` so often.
    pub(crate) fn new(prefetch: u16, messages: usize, url: &'a str) -> Self {
        Self { prefetch, messages, url, workers: 1, environment: Vec::new(), profile: None }
    }
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// Lets contenders work off a batch that waits for them.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) async fn batch(places: &Places, contender: Contender, batch: &Batch<'_>) -> Result<Run> {
    let mut queues = Queues::declare(&places.broker).await?;
    let payload = sealed(batch.url);
    for index in 0..batch.messages {
        queues.send(&payload, &index.to_string()).await?;
    }
    let started = Instant::now();
    let start = |_| contender.start(places, &queues.names, batch.prefetch, &batch.environment, batch.profile);
    let children = (0..batch.workers).map(start).collect::<Result<Vec<_>>>()?;
    let cpu = || children.iter().map(|child| cpu_ms(child.id())).sum::<Result<f64>>();
    let first = queues.next().await?.at;
    // The first round arrives at once when the API is slow: counted in, it would flatter the rate.
    let first_round = usize::from(batch.prefetch) * batch.workers;
    ensure!(batch.messages > first_round, "{} messages are one round at most", batch.messages);
    let mut begin = first;
    for _ in 1..first_round {
        begin = queues.next().await?.at;
    }
    let cpu_at_begin = cpu()?;
    let mut last = begin;
    for _ in first_round..batch.messages {
        last = queues.next().await?.at;
    }
    let rest = (batch.messages - first_round) as f64;
    let peak =
        children.iter().map(|child| memory_kib(child.id(), "VmHWM")).max_by_key(|peak| *peak.as_ref().unwrap_or(&0));
    let run = Run {
        rate: rest / (last - begin).as_secs_f64(),
        cpu_ms: (cpu()? - cpu_at_begin) / rest,
        peak_mib: mib(peak.unwrap_or(Ok(0))?),
        first_ms: (first - started).as_secs_f64() * 1000.0,
    };
    for child in children {
        stop(child).await?;
    }
    queues.delete().await?;
    Ok(run)
}

/// The memory of a contender that has nothing to do, MiB.
pub(crate) async fn idle(places: &Places, contender: Contender) -> Result<f64> {
    let queues = Queues::declare(&places.broker).await?;
    let child = contender.start(places, &queues.names, 1, &[], None)?;
    tokio::time::sleep(IDLE).await;
    let memory = mib(memory_kib(child.id(), "VmRSS")?);
    stop(child).await?;
    queues.delete().await?;
    Ok(memory)
}

/// Milliseconds from publish to result at a fixed rate: p50, p99, p99.9.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]
pub(crate) async fn latency(places: &Places, contender: Contender, prefetch: u16, rate: f64) -> Result<[f64; 3]> {
    let mut queues = Queues::declare(&places.broker).await?;
    let child = contender.start(places, &queues.names, prefetch, &[], None)?;
    let payload = sealed("/user");
    queues.send(&payload, "warm-up").await?;
    queues.next().await?;
    let start = Instant::now();
    let total = (rate * LATENCY_TIME.as_secs_f64()) as usize;
    let mut latencies = Vec::with_capacity(total);
    let mut sent = 0;
    while latencies.len() < total {
        let due = ((start.elapsed().as_secs_f64() * rate) as usize).min(total);
        while sent < due {
            queues.send(&payload, &start.elapsed().as_nanos().to_string()).await?;
            sent += 1;
        }
        let until = tokio::time::Instant::now() + BUNDLE;
        while latencies.len() < sent {
            let Ok(arrived) = tokio::time::timeout_at(until, queues.next()).await else { break };
            let arrived = arrived?;
            let since = Duration::from_nanos(arrived.id.parse().unwrap_or_default());
            latencies.push((arrived.at - start).saturating_sub(since).as_secs_f64() * 1000.0);
        }
        tokio::time::sleep_until(until).await;
    }
    stop(child).await?;
    queues.delete().await?;
    latencies.sort_by(f64::total_cmp);
    Ok([0.5, 0.99, 0.999].map(|part| percentile(&latencies, part)))
}
