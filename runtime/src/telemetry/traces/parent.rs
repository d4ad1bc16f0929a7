//! The trace that a message belongs to, from its headers, and the headers that carry a trace on (W3C Trace Context).

use std::collections::HashMap;

use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

const TRACE_PARENT: &str = "traceparent";
const TRACE_STATE: &str = "tracestate";
/// The platform's own: a `traceparent`, or an id of 32 hexadecimal digits (a UUID, too), which is that of the trace.
const META_TRACE_ID: &str = "x-eio-meta-trace-id";

/// The span that a message comes from; an empty context if its headers name none.
pub(super) fn parent(header: impl Fn(&str) -> Option<String>) -> Context {
    let carried = |parent: Option<String>| {
        let mut carrier = HashMap::new();
        carrier.insert(TRACE_PARENT.to_owned(), parent?);
        carrier.extend(header(TRACE_STATE).map(|state| (TRACE_STATE.to_owned(), state)));
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
        context.has_active_span().then_some(context)
    };
    let meta = header(META_TRACE_ID);
    carried(header(TRACE_PARENT)).or_else(|| carried(meta.clone())).or_else(|| of_id(&meta?)).unwrap_or_default()
}

/// The trace with this id. Nobody knows its span, so that is the id's first half.
fn of_id(text: &str) -> Option<Context> {
    let digits = text.replace('-', "");
    let id = TraceId::from_hex(&digits).ok().filter(|_| digits.len() == 32)?;
    let half = *id.to_bytes().first_chunk().expect("an id of a trace has 16 bytes");
    let span = SpanId::from_bytes(half);
    let context = SpanContext::new(id, span, TraceFlags::SAMPLED, true, TraceState::default());
    context.is_valid().then(|| Context::new().with_remote_span_context(context))
}

/// The headers that carry the span of `context` on.
pub(super) fn headers(context: &Context) -> HashMap<String, String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(context, &mut carrier);
    carrier.retain(|_, value| !value.is_empty());
    carrier
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn of(headers: &[(&str, &str)]) -> Option<(String, String)> {
        let header =
            |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let context = parent(header);
        let span = context.span().span_context().clone();
        span.is_valid().then(|| (span.trace_id().to_string(), span.span_id().to_string()))
    }

    #[test]
    fn a_trace_comes_from_its_headers() {
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let wanted = Some((TRACE.to_owned(), "b7ad6b7169203331".to_owned()));
        assert_eq!(of(&[("traceparent", &parent)]), wanted);
        assert_eq!(of(&[("x-eio-meta-trace-id", &parent)]), wanted);
        assert_eq!(of(&[("traceparent", "nonsense"), ("x-eio-meta-trace-id", &parent)]), wanted);
        let uuid = "0af76519-16cd-43dd-8448-eb211c80319c";
        for id in [TRACE, uuid] {
            assert_eq!(of(&[("x-eio-meta-trace-id", id)]), Some((TRACE.to_owned(), TRACE[..16].to_owned())));
        }
        for nothing in ["", "trace1", "00000000000000000000000000000000", "0af7651916cd43dd8448eb211c80319", "käse"] {
            assert_eq!(of(&[("x-eio-meta-trace-id", nothing), ("traceparent", nothing)]), None, "{nothing}");
        }
    }

    #[test]
    fn a_trace_goes_on_as_it_came() {
        let text = format!("00-{TRACE}-b7ad6b7169203331-01");
        let context = parent(|name| (name == "traceparent").then(|| text.clone()));
        assert_eq!(headers(&context), HashMap::from([("traceparent".to_owned(), text)]));
    }
}
