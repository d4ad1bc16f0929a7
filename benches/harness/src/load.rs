//! The command `load`: very many messages through one worker and through four, of which some are killed and others added
//! meanwhile, each message counted; and a high prefetch at an API that hangs.

use std::fmt::Write as _;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::contender::Contender;
use crate::figures::mib;
use crate::payload::encrypted_get;
use crate::process::{memory_kib, stop, stop_within};
use crate::queue::Queues;
use crate::report::Report;
use crate::setup::Setup;
use crate::slow_api;

const PREFETCH: u16 = 100;
/// Messages that wait in the queue at any time, until the last are sent.
const WAITING: usize = 100_000;
/// Parts of a run; after each, a worker is killed or one is added.
const PARTS: usize = 10;
/// The prefetch at an API that hangs.
const HANGING_PREFETCH: u16 = 1000;
/// How long the calls hang before the worker is stopped.
const HANG: Duration = Duration::from_secs(5);
/// The time-out of a call, which bounds the stop.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct LoadOptions {
    /// Messages of each run.
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
}

/// What came of the messages of a run.
struct Account {
    lost: usize,
    repeated: usize,
    kills: usize,
    seconds: f64,
    peak_mib: f64,
}

/// Measures all of it and reports it.
pub(crate) async fn load(setup: &Setup, options: &LoadOptions) -> Result<()> {
    let mut out = format!(
        "\n| messages, {WAITING} of them waiting | workers | killed | lost | repeated | per second | peak MiB |\n|---|---|---|---|---|---|---|\n"
    );
    for workers in [1, 4] {
        let account = many(setup, workers, options.messages).await?;
        let Account { lost, repeated, kills, seconds, peak_mib } = account;
        #[allow(clippy::cast_precision_loss, reason = "figures for people")]
        let rate = options.messages as f64 / seconds;
        let _ = writeln!(
            out,
            "| {} | {workers} | {kills} | {lost} | {repeated} | {rate:.0} | {peak_mib:.1} |",
            options.messages
        );
        ensure!(lost == 0, "{lost} messages are lost");
        ensure!(repeated <= kills * usize::from(PREFETCH), "{repeated} results came twice after {kills} kills");
    }
    let (peak, stopped, left) = hanging(setup).await?;
    let _ = writeln!(
        out,
        "\nPrefetch {HANGING_PREFETCH} at an API that hangs: peak {peak:.1} MiB; stopped {:.1} s after SIGTERM, with {left} messages back in the queue.",
        stopped.as_secs_f64()
    );
    Report::new(setup.save.as_deref()).publish("load.md", &out)
}

/// Sends messages and counts their results. With several workers, some are killed and others added meanwhile.
async fn many(setup: &Setup, workers: usize, messages: usize) -> Result<Account> {
    let mut queues = Queues::declare(&setup.broker).await?;
    let payload = encrypted_get("/user");
    let start = || Contender::Worker.start(setup, &queues.names, PREFETCH, &[], None);
    let mut running = (0..workers).map(|_| start()).collect::<Result<Vec<Child>>>()?;
    let (mut counts, mut answered, mut sent) = (vec![0_u16; messages], 0, 0);
    let (mut kills, mut peak_mib, mut next_part, began) = (0, 0.0_f64, messages / PARTS, Instant::now());
    'all: while answered < messages {
        while sent < messages.min(answered + WAITING) {
            queues.send(&payload, &sent.to_string()).await?;
            sent += 1;
        }
        // Together, since each message that is sent costs a system call at least.
        for _ in 0..(WAITING / 100).min(messages - answered) {
            // Silence: what has not come by now is lost.
            let Ok(arrived) = queues.next().await else { break 'all };
            let count = counts
                .get_mut(arrived.message_id.parse::<usize>()?)
                .context("a result of a message that was never sent")?;
            answered += usize::from(*count == 0);
            *count = count.saturating_add(1);
            if answered == messages {
                break;
            }
        }
        if answered >= next_part {
            next_part += messages / PARTS;
            peak_mib =
                running.iter().map(|child| memory_kib(child.id(), "VmHWM").map_or(0.0, mib)).fold(peak_mib, f64::max);
            eprintln!("{workers} workers: {answered} of {messages} after {:.0} s", began.elapsed().as_secs_f64());
            if running.len() > workers {
                let mut killed = running.remove(0);
                killed.kill().and_then(|()| killed.wait())?;
                kills += 1;
            } else if workers > 1 {
                running.push(Contender::Worker.start(setup, &queues.names, PREFETCH, &[], None)?);
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    for child in running {
        stop(child).await?;
    }
    // What was published twice and has not been read yet.
    let mut repeated = counts.iter().map(|count| usize::from(count.saturating_sub(1))).sum();
    repeated += queues.rest().await?;
    ensure!(queues.waiting().await? == 0, "messages are left");
    let lost = counts.iter().filter(|count| **count == 0).count();
    queues.delete().await?;
    Ok(Account { lost, repeated, kills, seconds, peak_mib })
}

/// The memory at the peak in MiB while calls hang, how long the stop took, and how many messages were in the queue then.
async fn hanging(setup: &Setup) -> Result<(f64, Duration, u32)> {
    let queues = Queues::declare(&setup.broker).await?;
    let payload = encrypted_get("/delay/600000");
    let messages = 2 * u32::from(HANGING_PREFETCH);
    for index in 0..messages {
        queues.send(&payload, &index.to_string()).await?;
    }
    let environment =
        [("PODIO_API_URL", slow_api::serve().await?), ("API_REQUEST_TIMEOUT", TIMEOUT.as_millis().to_string())];
    let child = Contender::Worker.start(setup, &queues.names, HANGING_PREFETCH, &environment, None)?;
    tokio::time::sleep(HANG).await;
    let in_hand = messages - queues.waiting().await?;
    ensure!(in_hand == u32::from(HANGING_PREFETCH), "the worker has {in_hand} messages");
    let peak = mib(memory_kib(child.id(), "VmHWM")?);
    let stopped = stop_within(child, TIMEOUT).await?;
    let left = queues.waiting().await?;
    ensure!(left == messages, "{left} messages of {messages} are in the queue");
    queues.delete().await?;
    Ok((peak, stopped, left))
}
