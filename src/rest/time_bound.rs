//! The bound on the time for the calls of one message, as error texts name it (protocol, section 11.21).

use std::{fmt, time::Duration};

/// The bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeBound {
    /// Its setting.
    pub(super) setting: &'static str,
    /// Its value.
    pub(super) time: Duration,
}

impl TimeBound {
    /// What the flow's owner reads after the error of the last attempt for which there was time.
    pub(super) fn advice(&self) -> String {
        format!(
            " Not all \"retries\" were made: there was no time for another one within {self}. Lower \"retries\" and \
             \"retriesDelay\" in the credential."
        )
    }
}

impl fmt::Display for TimeBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s, the longest time for the calls of one message ({})", self.time.as_secs_f64(), self.setting)
    }
}
