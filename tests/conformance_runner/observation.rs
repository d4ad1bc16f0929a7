//! What was seen of the worker from outside during one scenario.

use std::time::Duration;

use podio_sandbox::Call;
use podio_test_support::{Emitted, OtherRequest};

/// Everything that a scenario's expectations speak of.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) sent: usize,
    pub(crate) rejected: usize,
    pub(crate) left: usize,
    pub(crate) exit: i32,
    pub(crate) emitted: Vec<Emitted>,
    /// Calls of the API, in order.
    pub(crate) podio: Vec<Call>,
    /// Calls of the platform, object storage apart.
    pub(crate) platform: Vec<Call>,
    /// Calls of the object storage.
    pub(crate) storage: Vec<Call>,
    /// Requests that came to the other host.
    pub(crate) other_host: Vec<OtherRequest>,
    /// From the moment the worker took its first message to the first published one.
    pub(crate) first_result: Option<Duration>,
    /// The `messageId` headers of what was sent.
    pub(crate) message_ids: Vec<String>,
    pub(crate) log: Vec<String>,
}

impl Observation {
    /// Neither rejected nor left. Negative where a message was dead-lettered twice.
    pub(crate) fn acked(&self) -> i64 {
        let count = |count: usize| i64::try_from(count).expect("a scenario sends few messages");
        count(self.sent) - count(self.rejected) - count(self.left)
    }
}

/// `METHOD /path`, as the expectations name a call.
pub(crate) fn line(call: &Call) -> String {
    format!("{} {}", call.method, call.path)
}
