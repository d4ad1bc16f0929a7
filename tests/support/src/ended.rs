//! How a process ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a process ended: its exit code, or minus the number of the signal that ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended(pub i32);

impl Ended {
    /// Killed by SIGKILL.
    pub const KILLED: Self = Self(-9);
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        let by_signal = || -status.signal().expect("a process without an exit code was ended by a signal");
        Self(status.code().unwrap_or_else(by_signal))
    }
}
