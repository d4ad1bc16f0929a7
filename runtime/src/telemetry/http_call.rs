//! One attempt of a call to an HTTP server, as figures and traces see it. A call that is dropped without an outcome was
//! cancelled.

use std::time::Instant;

use hyper::StatusCode;
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanKind, TraceContextExt},
};

use super::{
    metrics::{HttpLabels, metrics},
    traces::{self, traces},
};

/// An attempt under way.
#[derive(Debug)]
#[must_use = "a call ends with its outcome"]
pub struct HttpCall(Option<Running>);

#[derive(Debug)]
struct Running {
    began: Instant,
    peer: &'static str,
    method: String,
    template: String,
    span: Option<Context>,
}

impl HttpCall {
    /// An attempt that begins now, at the server that figures call `peer`; `resent`: the attempts before it. `template`
    /// returns the path without what is variable in it; it is only asked if somebody looks.
    pub fn begin(peer: &'static str, method: &str, resent: u32, template: impl FnOnce() -> String) -> Self {
        if metrics().is_none() && traces().is_none() {
            return Self(None);
        }
        let (method, template) = (method.to_owned(), template());
        let span = traces().map(|traces| {
            let attributes = vec![
                KeyValue::new("http.request.method", method.clone()),
                KeyValue::new("http.request.resend_count", i64::from(resent)),
                KeyValue::new("url.template", template.clone()),
                KeyValue::new("peer.service", peer),
            ];
            traces.begin(format!("{method} {template}"), SpanKind::Client, &Context::current(), attributes)
        });
        Self(Some(Running { began: Instant::now(), peer, method, template, span }))
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
        let Some(Running { began, peer, method, template, span }) = self.0.take() else { return };
        if let Some(metrics) = metrics() {
            metrics
                .http(HttpLabels { peer, method: &method, status, template: &template, error_type }, began.elapsed());
        }
        if let Some(span) = &span {
            if let Ok(status) = status.parse::<i64>() {
                span.span().set_attribute(KeyValue::new("http.response.status_code", status));
            }
            traces::end(span, error_type);
        }
    }
}

impl Drop for HttpCall {
    fn drop(&mut self) {
        self.end("", "cancelled");
    }
}
