//! An exporter that tells when it fails: once, until it works again.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};

use super::queue::Waiting;
use crate::telemetry::metrics::metrics;

/// An exporter, what waits for it, and whether it failed the last time.
#[derive(Debug)]
pub(super) struct Watched<E> {
    inner: E,
    waiting: Waiting,
    failed: AtomicBool,
}

impl<E> Watched<E> {
    pub(super) fn new(inner: E, waiting: Waiting) -> Self {
        Self { inner, waiting, failed: AtomicBool::new(false) }
    }

    /// Tells what came of the export of so many spans. The error may quote an address, so it is not told.
    fn tell(&self, spans: usize, outcome: &OTelSdkResult) {
        let failed = outcome.is_err();
        if failed && let Some(metrics) = metrics() {
            metrics.spans_lost(spans);
        }
        match (self.failed.swap(failed, Relaxed), failed) {
            (false, true) => tracing::warn!(
                spans,
                "traces cannot be exported and are dropped until they can: check OTEL_EXPORTER_OTLP_ENDPOINT"
            ),
            (true, false) => tracing::info!("traces are exported again"),
            _ => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.waiting.leave(spans);
        let outcome = self.inner.export(batch).await;
        self.tell(spans, &outcome);
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
