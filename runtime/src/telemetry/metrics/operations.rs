//! Operations at the broker: how many, and how long they take.

use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::observe;

/// An operation at the broker, as its labels name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<'a> {
    /// `publish`, `ack` or `reject`.
    pub(crate) name: &'a str,
    /// What was published: `data`, `error`, `rebound`, `snapshot` or `reply`; empty for the others.
    pub(crate) kind: &'a str,
    /// Empty for a success.
    pub(crate) error_type: &'a str,
}

const PUBLISH: &str = "publish";

/// All that can succeed, with its kind.
const OPERATIONS: [(&str, &str); 7] = [
    (PUBLISH, "data"),
    (PUBLISH, "error"),
    (PUBLISH, "rebound"),
    (PUBLISH, "snapshot"),
    (PUBLISH, "reply"),
    ("ack", ""),
    ("reject", ""),
];

/// The figures of operations.
pub(super) struct Operations {
    durations: HistogramVec,
    sent: IntCounterVec,
    /// Those of what succeeds: looked up once, since every message counts there, and a series that begins with its first
    /// event hides that event from `increase()`.
    succeeded: [Succeeded; OPERATIONS.len()],
}

struct Succeeded {
    name: &'static str,
    kind: &'static str,
    durations: Histogram,
    sent: Option<IntCounter>,
}

impl Operations {
    pub(super) fn new(durations: HistogramVec, sent: IntCounterVec) -> Self {
        let succeeded = OPERATIONS.map(|(name, kind)| {
            let labels = [name, kind, ""];
            let sent = (name == PUBLISH).then(|| sent.with_label_values(&labels));
            Succeeded { name, kind, durations: durations.with_label_values(&labels), sent }
        });
        Self { durations, sent, succeeded }
    }

    /// An operation ended.
    pub(super) fn ended(&self, Operation { name, kind, error_type }: Operation<'_>, took: Duration) {
        let is_it = |known: &&Succeeded| known.name == name && known.kind == kind;
        if let Some(known) = self.succeeded.iter().find(is_it).filter(|_| error_type.is_empty()) {
            observe(&known.durations, took);
            known.sent.iter().for_each(IntCounter::inc);
            return;
        }
        let labels = [name, kind, error_type];
        observe(&self.durations.with_label_values(&labels), took);
        if name == PUBLISH {
            self.sent.with_label_values(&labels).inc();
        }
    }
}
