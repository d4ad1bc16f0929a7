//! What publishing tells. Each event is a type whose `emit` writes its line and counts it.

use std::time::Duration;

use crate::{
    amqp::PublishError,
    telemetry::{Operation, metrics, traces::PublishTrace},
};

/// What is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Error,
    Rebound,
    Snapshot,
    Reply,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Error => "error",
            Self::Rebound => "rebound",
            Self::Snapshot => "snapshot",
            Self::Reply => "reply",
        }
    }
}

/// An attempt to publish ended.
pub(super) struct Published<'a> {
    pub(super) kind: Kind,
    pub(super) trace: PublishTrace,
    pub(super) error: Option<&'a PublishError>,
    pub(super) took: Duration,
}

impl Published<'_> {
    pub(super) fn emit(self) {
        let error_type = self.error.map_or("", error_type);
        self.trace.end(error_type);
        let Some(metrics) = metrics() else { return };
        metrics.operation(Operation { name: "publish", kind: self.kind.label(), error_type }, self.took);
        if matches!(self.error, Some(PublishError::Returned(_))) {
            metrics.returned();
        }
    }
}

fn error_type(error: &PublishError) -> &'static str {
    match error {
        PublishError::Returned(_) => "returned",
        PublishError::Nacked => "nacked",
        PublishError::TooLarge { .. } | PublishError::HeadersTooLarge { .. } => "too_large",
        PublishError::Refused(_) => "refused",
        PublishError::Broken(_) => "broken",
        PublishError::KeyTooLong => "key_too_long",
        PublishError::Closed => "closed",
    }
}

/// An error is emitted without the message that failed.
pub(super) struct ErrorWithoutInput<'a> {
    pub(super) error: &'a PublishError,
}

impl ErrorWithoutInput<'_> {
    pub(super) fn emit(self) {
        tracing::warn!(error = %self.error, "the error is emitted without its input");
    }
}

/// An error gets no reply, since it is one itself.
pub(super) struct NoReplyToReply;

impl NoReplyToReply {
    pub(super) fn emit() {
        tracing::warn!("no reply to an error reply: is reply_to a key of this step's own queue?");
    }
}

/// The reply with an error reached nobody.
pub(super) struct ReplyLost<'a> {
    pub(super) error: &'a PublishError,
}

impl ReplyLost<'_> {
    pub(super) fn emit(self) {
        tracing::warn!(error = %self.error, "the error's reply reached nobody");
    }
}

/// A publish failed and is tried again.
pub(super) struct PublishRetried<'a> {
    pub(super) error: &'a PublishError,
    pub(super) routing_key: &'a str,
    pub(super) attempts: u32,
    pub(super) wait: Duration,
}

impl PublishRetried<'_> {
    pub(super) fn emit(self) {
        let Self { error, routing_key, attempts, wait } = self;
        let wait_s = wait.as_secs_f64();
        if matches!(error, PublishError::Refused(_)) {
            // It holds for every message, and the connection has said it.
            tracing::debug!(%error, routing_key, attempts, wait_s, "not published; trying again");
        } else {
            tracing::error!(%error, routing_key, attempts, wait_s, "not published; trying again");
        }
    }
}
