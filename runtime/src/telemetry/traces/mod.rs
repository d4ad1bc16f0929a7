//! Traces, exported over OTLP: a span for each message, for each attempt of a call, for each publish. Spans hold ids and
//! templates, never content.

use std::{sync::OnceLock, time::Duration};

use anyhow::Context as _;
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_http::HttpClient;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider},
};

mod exporter;
mod message;
mod parent;
mod publish;
mod queue;

pub(crate) use message::{MessageTrace, outcome};
pub(crate) use publish::PublishTrace;

use crate::settings::{Source, variables as v};
use exporter::Watched;
use queue::{Bounded, Waiting};

/// The most spans that wait for their export; further ones are dropped.
const MAX_QUEUED: usize = 2048;
/// The longest time that a stop spends on the export of what is left.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

static TRACES: OnceLock<Traces> = OnceLock::new();

/// What makes spans.
pub(super) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// The traces of this process, if they are exported.
pub(super) fn traces() -> Option<&'static Traces> {
    TRACES.get()
}

/// The address that traces go to, if there is one: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, or below
/// `OTEL_EXPORTER_OTLP_ENDPOINT`.
pub(crate) fn endpoint(source: &Source) -> Option<String> {
    let base = |base: &str| format!("{}/v1/traces", base.trim_end_matches('/'));
    let own = source.get(v::OTLP_TRACES_ENDPOINT.name).map(str::to_owned);
    own.or_else(|| source.get(v::OTLP_ENDPOINT.name).map(base))
}

/// Exports traces to `endpoint` from now on, with `client`. The SDK reads the other `OTEL_` variables itself.
///
/// # Errors
/// If the endpoint cannot be used.
pub(crate) fn export(
    source: &Source,
    endpoint: &str,
    name: &'static str,
    version: &'static str,
    client: impl HttpClient + 'static,
) -> anyhow::Result<()> {
    if source.get(v::OTLP_PROTOCOL.name).is_some_and(|protocol| protocol != "http/protobuf") {
        anyhow::bail!("{}: only http/protobuf is supported", v::OTLP_PROTOCOL.name);
    }
    let exporter = SpanExporter::builder().with_http().with_http_client(client).with_endpoint(endpoint).build();
    // What is wrong may quote the address, which may hold a password.
    let exporter = exporter.ok().with_context(|| format!("{} is not an address", v::OTLP_ENDPOINT.name))?;
    let mut resource = Resource::builder().with_attribute(KeyValue::new("service.version", version));
    if source.get(v::OTEL_SERVICE_NAME.name).is_none() {
        resource = resource.with_service_name(name);
    }
    let waiting = Waiting::default();
    // Its own bound is out of reach: it counts some of those whose export has begun.
    let queue = BatchConfigBuilder::default().with_max_queue_size(2 * MAX_QUEUED).build();
    let processor =
        BatchSpanProcessor::builder(Watched::new(exporter, waiting.clone())).with_batch_config(queue).build();
    let bounded = Bounded::new(processor, MAX_QUEUED, waiting);
    let provider = SdkTracerProvider::builder().with_resource(resource.build()).with_span_processor(bounded).build();
    let tracer = provider.tracer(name);
    // A second start in one process, as in tests, keeps the first.
    let _ = TRACES.set(Traces { provider, tracer });
    Ok(())
}

/// Exports what is left. Blocks, for a bounded time.
pub(crate) fn flush() {
    if let Some(traces) = traces() {
        // The exporter has told what is wrong, if something is.
        let _ = traces.provider.shutdown_with_timeout(FLUSH_TIMEOUT);
    }
}

impl Traces {
    /// Begins a span below `parent`.
    pub(super) fn begin(&self, name: String, kind: SpanKind, parent: &Context, attributes: Vec<KeyValue>) -> Context {
        let builder = self.tracer.span_builder(name).with_kind(kind).with_attributes(attributes);
        parent.with_span(builder.start_with_context(&self.tracer, parent))
    }
}

/// Adds a wait to the span in which this runs, as an event.
pub(super) fn waited(reason: &'static str, took: Duration) {
    if traces().is_some() {
        let attributes = vec![KeyValue::new("reason", reason), KeyValue::new("duration_s", took.as_secs_f64())];
        Context::map_current(|context| context.span().add_event("wait", attributes));
    }
}

/// Ends a span; `error_type` is a word, or empty.
pub(super) fn end(context: &Context, error_type: &str) {
    let span = context.span();
    if !error_type.is_empty() {
        span.set_attribute(KeyValue::new("error.type", error_type.to_owned()));
        span.set_status(Status::error(error_type.to_owned()));
    }
    span.end();
}

impl std::fmt::Debug for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}
