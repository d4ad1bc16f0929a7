//! Single runs: a batch that waits in the queue, an idle contender, messages at a fixed rate.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::contender::Contender;
use crate::figures::{Figures, mib, percentile};
use crate::payload::encrypted_get;
use crate::process::{cpu_ms, memory_kib, stop};
use crate::queue::Queues;
use crate::setup::Setup;

/// How long a contender is idle before its memory is read.
const IDLE: Duration = Duration::from_secs(3);
/// How long messages are sent at a fixed rate.
const LATENCY_TIME: Duration = Duration::from_secs(5);
/// At a fixed rate, the messages that are due are sent together once per this time.
const SEND_INTERVAL: Duration = Duration::from_millis(2);

/// Messages that wait in the queue when the contenders start.
#[derive(Clone, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) prefetch: u16,
    pub(crate) messages: usize,
    /// What each message requests.
    pub(crate) url: &'a str,
    /// How many processes consume the queue.
    pub(crate) workers: usize,
    /// Further environment variables.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The file that callgrind writes its counts to; without it, callgrind is not used.
    pub(crate) profile: Option<&'a Path>,
}

impl<'a> Batch<'a> {
    /// A batch for one process, without callgrind.
    pub(crate) fn new(prefetch: u16, messages: usize, url: &'a str) -> Self {
        Self { prefetch, messages, url, workers: 1, environment: Vec::new(), profile: None }
    }
}

/// Measures contenders while they process a batch.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) async fn batch(setup: &Setup, contender: Contender, batch: &Batch<'_>) -> Result<Figures> {
    let mut queues = Queues::declare(&setup.broker).await?;
    let payload = encrypted_get(batch.url);
    for index in 0..batch.messages {
        queues.send(&payload, &index.to_string()).await?;
    }
    let started = Instant::now();
    let start = |_| contender.start(setup, &queues.names, batch.prefetch, &batch.environment, batch.profile);
    let children = (0..batch.workers).map(start).collect::<Result<Vec<_>>>()?;
    let cpu = || children.iter().map(|child| cpu_ms(child.id())).sum::<Result<f64>>();
    let first = queues.next().await?.at;
    // With a slow API, the first round of results arrives all at once: the rate without it is the sustained one.
    let first_round = usize::from(batch.prefetch) * batch.workers;
    ensure!(batch.messages > first_round, "{} messages are not more than one round", batch.messages);
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
    let figures = Figures {
        rate: rest / (last - begin).as_secs_f64(),
        cpu_ms: (cpu()? - cpu_at_begin) / rest,
        peak_mib: mib(peak.unwrap_or(Ok(0))?),
        first_ms: (first - started).as_secs_f64() * 1000.0,
    };
    for child in children {
        stop(child).await?;
    }
    queues.delete().await?;
    Ok(figures)
}

/// The memory of an idle contender, MiB.
pub(crate) async fn idle(setup: &Setup, contender: Contender) -> Result<f64> {
    let queues = Queues::declare(&setup.broker).await?;
    let child = contender.start(setup, &queues.names, 1, &[], None)?;
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
pub(crate) async fn latency(setup: &Setup, contender: Contender, prefetch: u16, rate: f64) -> Result<[f64; 3]> {
    let mut queues = Queues::declare(&setup.broker).await?;
    let child = contender.start(setup, &queues.names, prefetch, &[], None)?;
    let payload = encrypted_get("/user");
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
        let until = tokio::time::Instant::now() + SEND_INTERVAL;
        while latencies.len() < sent {
            let Ok(arrived) = tokio::time::timeout_at(until, queues.next()).await else { break };
            let arrived = arrived?;
            let sent_at = Duration::from_nanos(arrived.message_id.parse().unwrap_or_default());
            latencies.push((arrived.at - start).saturating_sub(sent_at).as_secs_f64() * 1000.0);
        }
        tokio::time::sleep_until(until).await;
    }
    stop(child).await?;
    queues.delete().await?;
    latencies.sort_by(f64::total_cmp);
    Ok([0.5, 0.99, 0.999].map(|part| percentile(&latencies, part)))
}
