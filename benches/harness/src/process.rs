//! Processes: their CPU time and memory, as the kernel reports them, and how they are stopped.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// The kernel counts CPU time in hundredths of a second on Linux (`sysconf(_SC_CLK_TCK)`).
const TICK_MS: f64 = 10.0;
/// After this time, a process that was asked to stop is killed.
const STOP: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// User and system time of all threads so far, in milliseconds.
pub(crate) fn cpu_ms(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit_once(')').context("the process has no name")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? * TICK_MS)
}

/// A line of `/proc/PID/status` that is in KiB: `VmHWM` (peak) or `VmRSS` (current).
pub(crate) fn memory_kib(pid: u32, line: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let value = value.with_context(|| format!("the process has no {line}"))?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}

/// Asks a process to stop and waits until it does; kills it if that takes too long.
pub(crate) async fn stop(mut child: Child) -> Result<()> {
    if terminate(&mut child, STOP).await?.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}

/// Asks a process to stop and returns how long it took; fails if that is longer than `bound`.
pub(crate) async fn stop_within(mut child: Child, bound: Duration) -> Result<Duration> {
    terminate(&mut child, bound).await?.with_context(|| format!("the process did not stop within {bound:?}"))
}

/// Sends SIGTERM; returns how long the process took to end, if it did within `bound`.
async fn terminate(child: &mut Child, bound: Duration) -> Result<Option<Duration>> {
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    ensure!(asked.success(), "SIGTERM cannot be sent");
    let began = Instant::now();
    while began.elapsed() < bound {
        if child.try_wait()?.is_some() {
            return Ok(Some(began.elapsed()));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(None)
}
