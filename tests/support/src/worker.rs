//! The program under test as a child process.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::arrivals::Arrivals;
use crate::ended::Ended;
use crate::environment::Environment;
use crate::process_view::ProcessView;

/// A running worker. Dropping it kills the process.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    pid: Pid,
    view: ProcessView,
    log: Arrivals<String>,
    readers: Vec<JoinHandle<()>>,
}

impl Worker {
    /// Starts `program` as the platform does: without arguments, and with only `environment`.
    pub fn start(program: &Path, environment: &Environment) -> Result<Self> {
        Self::start_command(program, &[], environment)
    }

    /// Starts `program` with `arguments`, as a command that goes on until it is stopped.
    pub fn start_command(program: &Path, arguments: &[&str], environment: &Environment) -> Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).context("the worker has no process id")?;
        let view = ProcessView::of(child.id().context("the worker has no process id")?)?;
        let log = Arrivals::default();
        let out = child.stdout.take().context("standard output is not piped")?;
        let err = child.stderr.take().context("standard error is not piped")?;
        let readers = vec![tokio::spawn(keep_lines(out, log.clone())), tokio::spawn(keep_lines(err, log.clone()))];
        Ok(Self { child, pid, view, log, readers })
    }

    /// The lines of its standard output and standard error, in the order of arrival.
    #[must_use]
    pub fn log(&self) -> &Arrivals<String> {
        &self.log
    }

    /// What could be seen of the process when it had started.
    #[must_use]
    pub fn view(&self) -> &ProcessView {
        &self.view
    }

    /// Its process id, until its end was waited for.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// The most memory that it has used, in bytes (`VmHWM`).
    pub fn peak_memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_nonzero()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let kilobytes: u64 = peak.context("the process does not report its peak memory")?.trim().parse()?;
        Ok(kilobytes * 1024)
    }

    /// Stops it as the platform does, with SIGTERM.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM).context("SIGTERM cannot be sent")
    }

    /// Stops it as a terminal does, with SIGINT.
    pub fn interrupt(&self) -> Result<()> {
        self.signal(Signal::INT).context("SIGINT cannot be sent")
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        // After the wait for its end, another process may have its id.
        if self.child.id().is_some() {
            kill_process(self.pid, signal)?;
        }
        Ok(())
    }

    /// Kills it without warning, as a crash would, and waits until it is gone.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("SIGKILL cannot be sent")
    }

    /// Waits for its end and the rest of its output. After `bound`, kills it and fails.
    pub async fn ended(&mut self, bound: Duration) -> Result<Ended> {
        let Ok(status) = timeout(bound, self.child.wait()).await else {
            self.kill().await?;
            bail!("the worker did not end within {bound:?} and was killed");
        };
        for reader in self.readers.drain(..) {
            reader.await.context("the worker's output cannot be read")?;
        }
        Ok(Ended::from(status?))
    }
}

async fn keep_lines(output: impl AsyncRead + Unpin, log: Arrivals<String>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.push(line);
    }
}
