//! What the worker tells of what the broker delivers, before the work on it begins.

use crate::telemetry::{OWNER, metrics};

/// The broker delivered a message.
pub(in crate::worker) struct Arrived;

impl Arrived {
    pub(in crate::worker) fn emit() {
        if let Some(metrics) = metrics() {
            metrics.consumed();
        }
    }
}

/// The AMQP headers of a message cannot be read.
pub(in crate::worker) struct HeadersUnreadable {
    pub(in crate::worker) reason: String,
}

impl HeadersUnreadable {
    pub(in crate::worker) fn emit(self) {
        tracing::error!(target: OWNER, reason = self.reason, "rejected without an answer: the headers cannot be read");
    }
}

/// The payload of a message cannot be read.
pub(in crate::worker) struct PayloadUnreadable {
    pub(in crate::worker) reason: String,
}

impl PayloadUnreadable {
    pub(in crate::worker) fn emit(self) {
        tracing::error!(target: OWNER, reason = self.reason, "rejected without an answer: the payload cannot be read");
    }
}

/// A quorum queue has delivered the message before.
pub(in crate::worker) struct DeliveredBefore {
    pub(in crate::worker) count: u64,
}

impl DeliveredBefore {
    pub(in crate::worker) fn emit(self) {
        tracing::warn!(delivery_count = self.count, "the queue has delivered this message before");
    }
}

/// A message was delivered again.
pub(in crate::worker) enum Redelivered {
    /// It is in work: both deliveries are settled together.
    Joined,
    /// It was done: it is settled as before.
    Settled,
    /// It is processed.
    Processed,
}

impl Redelivered {
    pub(in crate::worker) fn emit(self) {
        let count = |action| {
            if let Some(metrics) = metrics() {
                metrics.redelivered(action);
            }
        };
        match self {
            Self::Joined => {
                count("joined");
                tracing::info!("delivered again while in work: joined");
            }
            Self::Settled => {
                count("settled");
                tracing::info!("delivered again after it was done: settled");
            }
            Self::Processed => {
                count("processed");
                tracing::debug!("delivered again: processed");
            }
        }
    }
}
