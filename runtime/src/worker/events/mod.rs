//! What the worker tells. Each event is a type whose `emit` writes its line and counts it, so that logs and figures say the
//! same. Lines for the flow's owner have the target [`OWNER`]; which message a line is about, its span says.

use std::time::Duration;

use tracing::Span;

use crate::{
    amqp::PublishError,
    dispatcher::Failure,
    platform::{headers::Value, identity::Identity, json::Kind},
    telemetry::{
        OWNER, health, metrics, totals,
        traces::{self, MessageTrace},
    },
};

mod arrival;

pub(super) use arrival::{Arrived, DeliveredBefore, HeadersUnreadable, PayloadUnreadable, Redelivered};

/// What a log line has in place of an id that the message does not have (protocol, section 13.10).
const UNKNOWN: &str = "unknown";

/// The trace of a message from `queue`.
pub(super) fn message_trace(queue: &str, headers: &[(String, Value)]) -> MessageTrace {
    MessageTrace::begin(queue, |name| {
        let value = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        value.and_then(Value::as_given).map(Value::to_text)
    })
}

/// The span of a message, which every line about it carries.
pub(super) fn message_span(headers: &[(String, Value)]) -> Span {
    let id = |name: &str| {
        let value = headers.iter().find(|(header, _)| header == name).and_then(|(_, value)| value.as_given());
        value.map_or(UNKNOWN.into(), Value::as_text)
    };
    tracing::info_span!(
        "message",
        threadId = &*id("threadId"),
        messageId = &*id("messageId"),
        parentMessageId = &*id("parentMessageId")
    )
}

/// The worker starts.
pub(crate) struct Starting<'a> {
    pub(crate) version: &'static str,
    pub(crate) revision: &'static str,
    pub(crate) identity: &'a Identity,
    pub(crate) exchange: &'a str,
    pub(crate) queue: &'a str,
    pub(crate) prefetch: u16,
}

impl Starting<'_> {
    pub(crate) fn emit(self) {
        tracing::info!(
            version = self.version,
            revision = self.revision,
            step = self.identity.step_id,
            action = self.identity.function,
            exchange = self.exchange,
            queue = self.queue,
            prefetch = self.prefetch,
            "starting"
        );
    }
}

/// The step starts with an empty snapshot, since the platform's is not an object.
pub(super) struct SnapshotIgnored {
    pub(super) kind: Kind,
}

impl SnapshotIgnored {
    pub(super) fn emit(self) {
        tracing::warn!("the step's snapshot is {}, not an object: the step starts with an empty one", self.kind);
    }
}

/// The work on a message begins.
pub(super) struct Begun<'a> {
    pub(super) action: &'a str,
}

impl Begun<'_> {
    pub(super) fn emit(self) {
        tracing::info!(target: OWNER, "{} begins", self.action);
    }
}

/// The action succeeded, and everything that it emitted is confirmed.
pub(super) struct Done<'a> {
    pub(super) action: &'a str,
    pub(super) results: u32,
    pub(super) took: Duration,
}

impl Done<'_> {
    pub(super) fn emit(self) {
        let (took, results) = (self.took.as_secs_f64(), self.results);
        let of = if results == 1 { "result" } else { "results" };
        tracing::info!(target: OWNER, took_s = took, results, "{} is done in {took:.2} s: {results} {of}", self.action);
    }
}

/// The action failed; its error is emitted.
pub(super) struct Failed<'a> {
    pub(super) failure: &'a Failure,
}

impl Failed<'_> {
    pub(super) fn emit(self) {
        tracing::error!(target: OWNER, error = %self.failure, "failed");
    }
}

/// The action emitted an error and may go on.
pub(super) struct ErrorEmitted<'a> {
    pub(super) failure: &'a Failure,
}

impl ErrorEmitted<'_> {
    pub(super) fn emit(self) {
        tracing::error!(target: OWNER, error = %self.failure, "an error is emitted, and the work goes on");
    }
}

/// The message goes back to the platform, to come again.
pub(super) struct HandedBack<'a> {
    pub(super) reason: &'a str,
    pub(super) wait: Duration,
}

impl HandedBack<'_> {
    pub(super) fn emit(self) {
        let wait_s = self.wait.as_secs_f64();
        tracing::warn!(target: OWNER, reason = self.reason, wait_s, "handed back: it comes again in {wait_s:.0} s or later");
    }
}

/// How the work on a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is acknowledged.
    Acknowledged,
    /// It is rejected.
    Rejected,
    /// It was published again, to come later, and is acknowledged.
    Rebounded,
    /// It stays in the queue, since the worker stops.
    Left,
}

/// A message is in work as long as this lives.
pub(super) struct InWork(());

impl InWork {
    pub(super) fn begin() -> Self {
        totals().begun();
        Self(())
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        totals().ended();
    }
}

/// The work on a message ended, and its delivery is settled.
pub(super) struct Ended<'a> {
    pub(super) queue: &'a str,
    pub(super) outcome: Outcome,
    /// Since its arrival.
    pub(super) took: Duration,
}

impl Ended<'_> {
    pub(super) fn emit(self) {
        let outcome = match self.outcome {
            Outcome::Acknowledged => {
                totals().done();
                "acknowledged"
            }
            Outcome::Rejected => {
                totals().failed();
                "rejected"
            }
            Outcome::Rebounded => {
                totals().handed_back();
                "rebounded"
            }
            Outcome::Left => "left",
        };
        traces::outcome(outcome, if self.outcome == Outcome::Rejected { outcome } else { "" });
        if let Some(metrics) = metrics() {
            metrics.processed(self.queue, outcome, self.took);
        }
    }
}

/// The worker takes no more messages, and finishes those in work.
pub(super) struct Drains {
    pub(super) in_progress: usize,
}

impl Drains {
    pub(super) fn emit(self) {
        health().stopping();
        if self.in_progress > 0 {
            tracing::info!(in_progress = self.in_progress, "stopping once the messages in progress are done");
        }
    }
}

/// The error of a message cannot be published.
pub(super) struct ErrorUnpublished<'a> {
    pub(super) error: &'a PublishError,
}

impl ErrorUnpublished<'_> {
    pub(super) fn emit(self) {
        tracing::error!(
            target: OWNER,
            error = %self.error,
            "rejected without an answer: its error cannot be published"
        );
    }
}
