//! What everybody (the command line) and the same user (the environment) can see of a running process.

use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result};
use rustix::io::Errno;

/// A start returns when the program is loaded, moments before the kernel shows its variables.
const LAID_OUT: Duration = Duration::from_secs(1);

/// A process as `/proc` shows it.
#[derive(Clone, Debug, Default)]
pub struct ProcessView {
    /// Program and arguments, with a zero byte after each.
    pub command_line: Vec<u8>,
    /// Variables, with a zero byte after each.
    pub environment: Vec<u8>,
}

impl ProcessView {
    /// The child process with this id. Nothing is left to see of one that has ended.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let until = Instant::now() + LAID_OUT;
        loop {
            let view = Self::now(pid)?;
            if !view.environment.is_empty() || Instant::now() > until {
                return Ok(view);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn now(pid: u32) -> Result<Self> {
        let read = |name: &str| {
            let file = format!("/proc/{pid}/{name}");
            match fs::read(&file) {
                Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(Vec::new()),
                content => content.with_context(|| format!("{file} cannot be read")),
            }
        };
        Ok(Self { command_line: read("cmdline")?, environment: read("environ")? })
    }
}
