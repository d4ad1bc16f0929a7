//! The program under test as a child process: its environment, its output, its signals and its end.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::Environment;
use crate::arrivals::Arrivals;

/// A running worker. Dropping it kills the process.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    pid: Pid,
    log: Arrivals<String>,
    readers: Vec<JoinHandle<()>>,
}

impl Worker {
    /// Starts `program` without arguments, as the platform does, with `environment` and nothing of the caller's.
    pub fn start(program: &Path, environment: &Environment) -> Result<Self> {
        let mut child = Command::new(program)
            .env_clear()
            .envs(environment.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).context("the worker has no process id")?;
        let log = Arrivals::default();
        let out = child.stdout.take().context("standard output is not piped")?;
        let err = child.stderr.take().context("standard error is not piped")?;
        let readers = vec![tokio::spawn(keep_lines(out, log.clone())), tokio::spawn(keep_lines(err, log.clone()))];
        Ok(Self { child, pid, log, readers })
    }

    /// What it wrote to standard output and standard error, line by line, in the order of arrival.
    #[must_use]
    pub fn log(&self) -> &Arrivals<String> {
        &self.log
    }

    /// Has it not ended yet?
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// The most memory that it held so far, in bytes (`VmHWM`).
    pub fn peak_memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_nonzero()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let kilobytes: u64 = peak.context("the process tells no peak memory")?.trim().parse()?;
        Ok(kilobytes * 1024)
    }

    /// Asks it to stop, as the platform does.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM).context("SIGTERM can't be sent")
    }

    /// Asks it to stop, as a terminal does.
    pub fn interrupt(&self) -> Result<()> {
        self.signal(Signal::INT).context("SIGINT can't be sent")
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        // Once it was waited for, the number may belong to another process.
        if self.child.id().is_some() {
            kill_process(self.pid, signal)?;
        }
        Ok(())
    }

    /// Ends it without a word, as a crash would, and waits until it is gone.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("SIGKILL can't be sent")
    }

    /// Waits for its end and for the last of its output. After `bound` it is killed and the wait fails.
    pub async fn ended(&mut self, bound: Duration) -> Result<Ended> {
        let Ok(status) = timeout(bound, self.child.wait()).await else {
            self.kill().await?;
            bail!("the worker did not end within {bound:?} and was killed");
        };
        for reader in self.readers.drain(..) {
            reader.await.context("the worker's output can't be read")?;
        }
        Ok(Ended::from(status?))
    }
}

/// How a process ended: its exit code, or minus the number of the signal that ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended(pub i32);

impl Ended {
    /// By force.
    pub const KILLED: Self = Self(-9);
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        let by_signal = || -status.signal().expect("a process without an exit code was ended by a signal");
        Self(status.code().unwrap_or_else(by_signal))
    }
}

async fn keep_lines(output: impl AsyncRead + Unpin, log: Arrivals<String>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.push(line);
    }
}
