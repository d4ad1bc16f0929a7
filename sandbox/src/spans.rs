//! Spans as programs export them by OTLP (OpenTelemetry's protocol, in protobuf over HTTP). Pure.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span as Exported;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;

/// A span as it was exported.
#[derive(Clone, Debug)]
pub struct Span {
    /// The service that made it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Client, producer, consumer …, as OTLP numbers them.
    pub kind: i32,
    /// The trace, in hexadecimal digits.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// The id of the span that it belongs to; empty without one.
    pub parent: String,
    /// When it began, in nanoseconds since 1970.
    pub began: u64,
    /// When it ended, the same.
    pub ended: u64,
    /// Whether its status is an error.
    pub failed: bool,
    /// Names and values.
    pub attributes: Vec<(String, String)>,
    /// The names of its events, with their attributes.
    pub events: Vec<(String, Vec<(String, String)>)>,
}

impl Span {
    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The spans of an export; `None` if it is not one.
#[must_use]
pub fn exported_spans(body: &[u8]) -> Option<Vec<Span>> {
    let request = ExportTraceServiceRequest::decode(body).ok()?;
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let attributes = texts(resource.resource.map(|resource| resource.attributes).unwrap_or_default());
        let service = attributes.into_iter().find(|(name, _)| name == "service.name").map(|(_, value)| value);
        let service = service.unwrap_or_default();
        let of_resource = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(of_resource.map(|exported| span(&service, exported)));
    }
    Some(spans)
}

fn span(service: &str, exported: Exported) -> Span {
    Span {
        service: service.to_owned(),
        name: exported.name,
        kind: exported.kind,
        trace: hex(&exported.trace_id),
        id: hex(&exported.span_id),
        parent: hex(&exported.parent_span_id),
        began: exported.start_time_unix_nano,
        ended: exported.end_time_unix_nano,
        failed: exported.status.is_some_and(|status| status.code() == StatusCode::Error),
        attributes: texts(exported.attributes),
        events: exported.events.into_iter().map(|event| (event.name, texts(event.attributes))).collect(),
    }
}

fn texts(attributes: Vec<KeyValue>) -> Vec<(String, String)> {
    let text = |attribute: KeyValue| {
        let value = match attribute.value.and_then(|value| value.value) {
            Some(Value::StringValue(text)) => text,
            Some(Value::IntValue(number)) => number.to_string(),
            Some(Value::DoubleValue(number)) => number.to_string(),
            other => format!("{other:?}"),
        };
        (attribute.key, value)
    };
    attributes.into_iter().map(text).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
