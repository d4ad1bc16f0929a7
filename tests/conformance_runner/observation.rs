//! What was observed of the worker from outside during a scenario.

use std::time::Duration;

use podio_sandbox::Call;
use podio_test_support::{Emitted, OtherRequest};

use super::pairing::Order;

/// Everything that a scenario may have expectations of.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) sent: usize,
    pub(crate) rejected: usize,
    pub(crate) left: usize,
    pub(crate) exit: i32,
    pub(crate) emitted: Vec<Emitted>,
    /// Calls to Podio, in order.
    pub(crate) podio: Vec<Call>,
    /// Calls to the platform, without those to object storage.
    pub(crate) platform: Vec<Call>,
    /// Calls to object storage.
    pub(crate) storage: Vec<Call>,
    /// Requests to the other host.
    pub(crate) other_host: Vec<OtherRequest>,
    /// The time from the moment at which the worker began to consume to the first published message.
    pub(crate) first_result: Option<Duration>,
    /// The `messageId` headers of what was sent.
    pub(crate) message_ids: Vec<String>,
    pub(crate) log: Vec<String>,
}

impl Observation {
    /// The order in which results and calls are expected: with several messages, it depends on chance.
    pub(crate) fn order(&self) -> Order {
        if self.sent <= 1 { Order::Fixed } else { Order::Any }
    }

    /// How many messages were neither rejected nor left. Negative if a message was dead-lettered twice.
    pub(crate) fn acked(&self) -> i64 {
        let count = |count: usize| i64::try_from(count).expect("a scenario sends few messages");
        count(self.sent) - count(self.rejected) - count(self.left)
    }
}
