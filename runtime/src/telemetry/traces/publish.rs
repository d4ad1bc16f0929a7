//! The span of an attempt to publish.

use opentelemetry::{Context, KeyValue, trace::SpanKind};

use super::{end, parent::headers, traces};

/// The span of an attempt; nothing unless traces are exported.
pub(crate) struct PublishTrace(Option<Context>);

impl PublishTrace {
    /// Begins the span of an attempt to publish, below that in which this runs.
    pub(crate) fn begin(exchange: &str, key: &str, retries: u32) -> Self {
        Self(traces().map(|traces| {
            let attributes = vec![
                KeyValue::new("messaging.system", "rabbitmq"),
                KeyValue::new("messaging.operation.type", "send"),
                KeyValue::new("messaging.operation.name", "publish"),
                KeyValue::new("messaging.destination.name", format!("{exchange}:{key}")),
                KeyValue::new("messaging.rabbitmq.destination.routing_key", key.to_owned()),
                KeyValue::new("retry", i64::from(retries)),
            ];
            traces.begin(format!("publish {exchange}:{key}"), SpanKind::Producer, &Context::current(), attributes)
        }))
    }

    /// The headers that carry the trace on.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (String, String)> {
        self.0.as_ref().map(headers).unwrap_or_default().into_iter()
    }

    /// Ends the span; `error_type` is empty for a success.
    pub(crate) fn end(self, error_type: &str) {
        if let Some(span) = &self.0 {
            end(span, error_type);
        }
    }
}
