//! A request to the API.

use std::sync::Arc;

use bytes::Bytes;
use elasticio_runtime::telemetry::path_template;
use reqwest::Method;
use tokio::time::Instant;
use url::Url;

use super::{
    ByStatus,
    transfer::{FileSink, FileSource},
};

/// The content of a request.
#[derive(Clone)]
pub enum Payload {
    /// Compact JSON, sent as `application/json`.
    Json(Bytes),
    /// Text, sent as `application/x-www-form-urlencoded` with POST and PUT, and without a content type with other
    /// methods, as by the Node.js component.
    Text(Bytes),
    /// A file, streamed as a multipart form.
    File(Arc<dyn FileSource>),
}

/// What texts call a request.
#[derive(Clone, Debug)]
pub(super) struct RequestName {
    /// Method and path, for the flow's owner.
    pub(super) full: String,
    /// Method and path without the ids and texts in it, for logs.
    pub(super) logged: String,
}

/// A request, which may be sent several times.
#[derive(Clone)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The address, resolved by [`super::Address`] and so below the API's base.
    pub url: Url,
    /// The content.
    pub payload: Option<Payload>,
    /// Repeat a POST only if it certainly never reached the API (the step's field `safeRetries`).
    pub safe_retries: bool,
    /// What the step's builder chose for answers by their status.
    pub(crate) by_status: ByStatus,
    /// Receives the body of a successful answer, which is then not kept in memory.
    pub sink: Option<Arc<dyn FileSink>>,
    /// When the message's first request was made: the time for the calls of one message is bounded.
    pub began: Instant,
}

impl Request {
    /// `GET url`, without content.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// `DELETE url`, without content.
    #[must_use]
    pub fn delete(url: Url) -> Self {
        Self::new(Method::DELETE, url)
    }

    /// `POST url` with `payload`.
    #[must_use]
    pub fn post(url: Url, payload: Payload) -> Self {
        Self { payload: Some(payload), ..Self::new(Method::POST, url) }
    }

    /// `PUT url` with `payload`.
    #[must_use]
    pub fn put(url: Url, payload: Payload) -> Self {
        Self { payload: Some(payload), ..Self::new(Method::PUT, url) }
    }

    /// A request without content.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            payload: None,
            safe_retries: false,
            by_status: ByStatus::default(),
            sink: None,
            began: Instant::now(),
        }
    }

    /// What texts call the request. The query is left out, since it may contain personal data.
    #[must_use]
    pub(super) fn name(&self, route_words: &[&str]) -> RequestName {
        let path = self.url.path();
        RequestName {
            full: format!("{} {path}", self.method),
            logged: format!("{} {}", self.method, path_template(path, route_words)),
        }
    }

    /// Whether the method calls for content: POST and PUT.
    #[must_use]
    pub(crate) fn has_content(&self) -> bool {
        matches!(self.method, Method::POST | Method::PUT)
    }

    /// Whether executing the request twice comes to the same: any method but POST (RFC 9110, section 9.2.2).
    #[must_use]
    pub(crate) fn is_idempotent(&self) -> bool {
        self.method != Method::POST
    }

    /// Whether the call transfers a file, which may take longer than other calls.
    #[must_use]
    pub(crate) fn is_transfer(&self) -> bool {
        self.sink.is_some() || matches!(self.payload, Some(Payload::File(_)))
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name(&[]).logged)
    }
}
