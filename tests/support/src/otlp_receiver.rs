//! Receives traces, as an OpenTelemetry collector does (OTLP over HTTP, protobuf).

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use podio_sandbox::{Span, exported_spans};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::arrivals::Arrivals;

/// The receiver. Dropping it ends it.
#[derive(Debug)]
pub struct OtlpReceiver {
    address: SocketAddr,
    received: Received,
    serving: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Received {
    spans: Arrivals<Span>,
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
    pub fn spans(&self) -> &Arrivals<Span> {
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
    let Some(spans) = exported_spans(&body) else { return StatusCode::BAD_REQUEST };
    received.bodies.push(body.to_vec());
    for span in spans {
        received.spans.push(span);
    }
    StatusCode::OK
}
