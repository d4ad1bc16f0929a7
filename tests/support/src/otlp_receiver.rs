//! Receives traces, as an OpenTelemetry collector does (OTLP over HTTP, protobuf).

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::arrivals::Arrivals;

/// A span as it was exported.
#[derive(Clone, Debug)]
pub struct ReceivedSpan {
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
    /// Names and values.
    pub attributes: Vec<(String, String)>,
    /// The names of its events, with their attributes.
    pub events: Vec<(String, Vec<(String, String)>)>,
}

impl ReceivedSpan {
    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The receiver. Dropping it ends it.
#[derive(Debug)]
pub struct OtlpReceiver {
    address: SocketAddr,
    received: Received,
    serving: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Received {
    spans: Arrivals<ReceivedSpan>,
    bodies: Arrivals<Vec<u8>>,
}

impl OtlpReceiver {
    /// Starts it on a port of its own.
    pub async fn start() -> Result<Self> {
        Self::on("127.0.0.1:0".parse()?).await
    }

    /// Starts it on this address.
    pub async fn on(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let received = Received::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
        let serving = tokio::spawn(async move {
            // It ends when the test drops it.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, received, serving })
    }

    /// The value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The spans so far.
    #[must_use]
    pub fn spans(&self) -> &Arrivals<ReceivedSpan> {
        &self.received.spans
    }

    /// The bodies of the exports so far.
    #[must_use]
    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.received.bodies.all()
    }
}

impl Drop for OtlpReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(received): State<Received>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body.as_ref()) else { return StatusCode::BAD_REQUEST };
    received.bodies.push(body.to_vec());
    for resource in request.resource_spans {
        let attributes = texts(resource.resource.map(|resource| resource.attributes).unwrap_or_default());
        let service = attributes.into_iter().find(|(name, _)| name == "service.name").map(|(_, value)| value);
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            received.spans.push(ReceivedSpan {
                service: service.clone().unwrap_or_default(),
                name: span.name,
                kind: span.kind,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                attributes: texts(span.attributes),
                events: span.events.into_iter().map(|event| (event.name, texts(event.attributes))).collect(),
            });
        }
    }
    StatusCode::OK
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
