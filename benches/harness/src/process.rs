//! Processes: their CPU time and memory, as the kernel reports them, and how they are stopped.

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The kernel counts CPU time in hundredths of a second on Linux (`sysconf(_SC_CLK_TCK)`).
const TICK_MS: f64 = 10.0;
/// After this time, a process that was asked to stop is killed.
const STOP: Duration = Duration::from_secs(10);

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

/// Asks a process to stop and waits until it does.
pub(crate) async fn stop(mut child: Child) -> Result<()> {
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    ensure!(asked.success(), "SIGTERM cannot be sent");
    for _ in 0..STOP.as_millis() / 20 {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}
