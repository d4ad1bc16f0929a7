//! The bound on the spans that wait for their export. The SDK's queue drops what is too much without a word; this one counts
//! it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use crate::telemetry::metrics::metrics;

/// How many spans wait for their export.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    /// Takes the place of one more span, if fewer than `most` wait.
    fn enter(&self, most: usize) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |waiting| (waiting < most).then_some(waiting + 1)).is_ok()
    }

    /// So many spans wait no longer: their export begins.
    pub(super) fn leave(&self, spans: usize) {
        self.0.fetch_sub(spans, Relaxed);
    }
}

/// Passes spans on to a processor as long as there is room.
#[derive(Debug)]
pub(super) struct Bounded<P> {
    inner: P,
    most: usize,
    waiting: Waiting,
}

impl<P> Bounded<P> {
    /// At most `most` spans wait in `inner`, whose exporter tells `waiting` what it takes.
    pub(super) fn new(inner: P, most: usize, waiting: Waiting) -> Self {
        Self { inner, most, waiting }
    }
}

impl<P: SpanProcessor> SpanProcessor for Bounded<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        // One that is not sampled takes no place, since nobody exports it.
        if !span.span_context.is_sampled() || self.waiting.enter(self.most) {
            self.inner.on_end(span);
        } else if let Some(metrics) = metrics() {
            metrics.spans_lost(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_until_some_leave() {
        let waiting = Waiting::default();
        assert_eq!([waiting.enter(2), waiting.enter(2), waiting.enter(2)], [true, true, false]);
        waiting.leave(2);
        assert!(waiting.enter(2));
    }
}
