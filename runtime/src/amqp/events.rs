//! What the link to the broker tells. Each event is a type whose `emit` writes its line and counts it, so that logs and
//! figures say the same.

use std::time::Duration;

use super::{ConnectError, PublishError};
use crate::telemetry::{Operation, health, metrics};

/// One of the two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Consume,
    Publish,
}

/// Both connections are up for the first time.
pub(super) struct Connected;

impl Connected {
    pub(super) fn emit() {
        health().read(true);
        health().write(true);
    }
}

/// The consumer is there.
pub(super) struct Consumes<'a> {
    pub(super) queue: &'a str,
    pub(super) prefetch: u16,
}

impl Consumes<'_> {
    pub(super) fn emit(self) {
        health().consuming(true);
        tracing::info!(queue = self.queue, prefetch = self.prefetch, "waiting for messages");
    }
}

/// The broker cannot be reached at the start.
pub(super) struct StartRetried<'a> {
    pub(super) error: &'a ConnectError,
    pub(super) attempts_left: u32,
}

impl StartRetried<'_> {
    pub(super) fn emit(self) {
        tracing::warn!(error = %self.error, attempts_left = self.attempts_left, "trying again to reach the broker");
    }
}

/// A connection broke.
pub(super) struct Broke<'a> {
    pub(super) side: Side,
    pub(super) reason: &'a str,
}

impl Broke<'_> {
    pub(super) fn emit(self) {
        let reason = self.reason;
        match self.side {
            Side::Consume => {
                health().read(false);
                tracing::warn!(reason, "the connection to consume broke; reconnecting");
            }
            Side::Publish => {
                health().write(false);
                tracing::warn!(reason, "the connection to publish broke; reconnecting");
            }
        }
    }
}

/// An attempt to reconnect failed.
pub(super) struct StillDown<'a> {
    pub(super) error: &'a ConnectError,
}

impl StillDown<'_> {
    pub(super) fn emit(self) {
        tracing::warn!(error = %self.error, "still no broker");
    }
}

/// A connection is there again.
pub(super) struct Reconnected {
    pub(super) side: Side,
}

impl Reconnected {
    pub(super) fn emit(self) {
        match self.side {
            Side::Consume => {
                health().read(true);
                tracing::info!("reconnected to the broker, to consume");
            }
            Side::Publish => {
                health().write(true);
                // An alarm is told to each connection anew.
                blocked(false);
                tracing::info!("reconnected to the broker, to publish");
            }
        }
        if let Some(metrics) = metrics() {
            metrics.reconnected();
        }
    }
}

/// The broker ended the consumer; the connection is fine.
pub(super) struct ConsumerEnded<'a> {
    pub(super) reason: &'a str,
    pub(super) queue: &'a str,
}

impl ConsumerEnded<'_> {
    pub(super) fn emit(self) {
        health().consuming(false);
        tracing::warn!(reason = self.reason, queue = self.queue, "the broker ended the consumer; consuming again");
    }
}

/// It ended it since a message took too long.
pub(super) struct HeldTooLong {
    pub(super) bounded_by: &'static str,
}

impl HeldTooLong {
    pub(super) fn emit(self) {
        tracing::error!(
            bounded_by = self.bounded_by,
            "a message was held for longer than the broker waits for its acknowledgement, and another worker may process \
             it again: raise consumer_timeout at the broker, or lower what the message is bounded by"
        );
    }
}

/// The queue cannot be consumed for now.
pub(super) struct QueueUnavailable<'a> {
    pub(super) error: &'a ConnectError,
}

impl QueueUnavailable<'_> {
    pub(super) fn emit(self) {
        health().consuming(false);
        tracing::warn!(error = %self.error, "the queue cannot be consumed; trying again");
    }
}

/// The broker blocks publishes.
pub(super) struct Blocked<'a> {
    pub(super) reason: &'a str,
}

impl Blocked<'_> {
    pub(super) fn emit(self) {
        blocked(true);
        tracing::warn!(reason = self.reason, "the broker takes no messages for now (an alarm); emits wait");
    }
}

/// It blocks them no longer.
pub(super) struct Unblocked;

impl Unblocked {
    pub(super) fn emit() {
        blocked(false);
        tracing::info!("the broker takes messages again");
    }
}

fn blocked(blocked: bool) {
    if let Some(metrics) = metrics() {
        metrics.blocked(blocked);
    }
}

/// A delivery was settled.
pub(super) struct Settled {
    /// `ack` or `reject`.
    pub(super) operation: &'static str,
    pub(super) took: Duration,
}

impl Settled {
    pub(super) fn emit(self) {
        if let Some(metrics) = metrics() {
            metrics.operation(Operation { name: self.operation, kind: "", error_type: "" }, self.took);
        }
    }
}

/// The broker refuses all publishes.
pub(super) struct PublishesRefused<'a> {
    pub(super) error: &'a PublishError,
    pub(super) exchange: &'a str,
}

impl PublishesRefused<'_> {
    pub(super) fn emit(self) {
        tracing::error!(
            error = %self.error,
            exchange = self.exchange,
            "nothing can be published; all results are kept until it can. Check ELASTICIO_PUBLISH_MESSAGES_TO"
        );
    }
}

/// It accepts them again.
pub(super) struct PublishesAccepted;

impl PublishesAccepted {
    pub(super) fn emit() {
        tracing::info!("the broker accepts what is published again");
    }
}

/// The broker did not answer `basic.cancel`.
pub(super) struct CancelUnanswered;

impl CancelUnanswered {
    pub(super) fn emit() {
        tracing::warn!("the broker did not answer when the consumer was cancelled");
    }
}

/// The broker did not answer `connection.close`.
pub(super) struct CloseUnanswered;

impl CloseUnanswered {
    pub(super) fn emit() {
        tracing::warn!("the broker did not answer when a connection was closed");
    }
}
