//! What a process holds, as the kernel reports it.

use std::fs;

use anyhow::{Context, Result};

/// Memory, threads and open files of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) memory_kib: u64,
    pub(crate) threads: u64,
    pub(crate) files: u64,
    /// Sockets among the open files.
    pub(crate) sockets: u64,
}

impl Held {
    pub(crate) fn of(process: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("a line of the status")?;
            Ok::<u64, anyhow::Error>(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?)
        };
        let (mut files, mut sockets) = (0, 0);
        for entry in fs::read_dir(format!("/proc/{process}/fd"))? {
            files += 1;
            // A file may be closed before it is looked at.
            let target = fs::read_link(entry?.path()).unwrap_or_default();
            sockets += u64::from(target.to_string_lossy().starts_with("socket:"));
        }
        Ok(Self { memory_kib: number("VmRSS")?, threads: number("Threads")?, files, sockets })
    }
}
