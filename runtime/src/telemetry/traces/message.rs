//! The span of a message, from its delivery to its settlement.

use std::pin::Pin;

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanKind, TraceContextExt},
};

use super::{end, parent::parent, traces};

/// The span of a message; nothing unless traces are exported.
pub(crate) struct MessageTrace(Option<Context>);

impl MessageTrace {
    /// Begins the span of a message from `queue`, whose headers `header` returns.
    pub(crate) fn begin(queue: &str, header: impl Fn(&str) -> Option<String>) -> Self {
        Self(traces().map(|traces| {
            let mut attributes = vec![
                KeyValue::new("messaging.system", "rabbitmq"),
                KeyValue::new("messaging.operation.type", "process"),
                KeyValue::new("messaging.operation.name", "process"),
                KeyValue::new("messaging.destination.name", queue.to_owned()),
            ];
            let ids = [("messaging.message.id", "messageId"), ("messaging.message.conversation_id", "threadId")];
            attributes.extend(ids.into_iter().filter_map(|(name, id)| Some(KeyValue::new(name, header(id)?))));
            traces.begin(format!("process {queue}"), SpanKind::Consumer, &parent(header), attributes)
        }))
    }

    /// Runs the work on the message within its span, which ends with it.
    pub(crate) async fn around<F: Future>(self, mut work: Pin<&mut F>) -> F::Output {
        let output = std::future::poll_fn(|context| {
            let _entered = self.0.as_ref().map(|span| span.clone().attach());
            work.as_mut().poll(context)
        })
        .await;
        if let Some(span) = &self.0 {
            span.span().end();
        }
        output
    }
}

/// Says how the work on the message ended in whose span this runs; `error_type` is empty for a success.
pub(crate) fn outcome(outcome: &'static str, error_type: &str) {
    if traces().is_some() {
        Context::map_current(|context| {
            context.span().set_attribute(KeyValue::new("outcome", outcome));
            if !error_type.is_empty() {
                end(context, error_type);
            }
        });
    }
}
