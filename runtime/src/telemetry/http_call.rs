//! One attempt of a call to an HTTP server, as figures see it. A call that is dropped without an outcome was cancelled.

use std::time::Instant;

use hyper::StatusCode;

use super::metrics::{HttpLabels, Metrics, metrics};

/// An attempt under way.
#[derive(Debug)]
#[must_use = "a call ends with its outcome"]
pub struct HttpCall(Option<Running>);

#[derive(Debug)]
struct Running {
    metrics: &'static Metrics,
    began: Instant,
    peer: &'static str,
    method: String,
    template: String,
}

impl HttpCall {
    /// An attempt that begins now, at the server that figures call `peer`. `template` returns the path without what is
    /// variable in it; it is only asked if there are figures.
    pub fn begin(peer: &'static str, method: &str, template: impl FnOnce() -> String) -> Self {
        let running = metrics().map(|metrics| {
            let (method, template) = (method.to_owned(), template());
            Running { metrics, began: Instant::now(), peer, method, template }
        });
        Self(running)
    }

    /// An answer came, with this status.
    pub fn answered(mut self, status: u16) {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        let error_type = if status.is_client_error() || status.is_server_error() { status.as_str() } else { "" };
        self.end(status.as_str(), error_type);
    }

    /// None came, or it cannot be read; `error_type` is one of few words.
    pub fn failed(mut self, error_type: &str) {
        self.end("", error_type);
    }

    fn end(&mut self, status: &str, error_type: &str) {
        if let Some(Running { metrics, began, peer, method, template }) = self.0.take() {
            metrics
                .http(HttpLabels { peer, method: &method, status, template: &template, error_type }, began.elapsed());
        }
    }
}

impl Drop for HttpCall {
    fn drop(&mut self) {
        self.end("", "cancelled");
    }
}
