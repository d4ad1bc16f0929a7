//! One request to the API, before it is sent.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::Method;
use url::Url;

use super::transfer::{FileSink, FileSource};

/// What a request carries.
#[derive(Clone)]
pub enum Payload {
    /// Compact JSON, sent as `application/json`.
    Json(Bytes),
    /// Text. With POST and PUT it is sent as `application/x-www-form-urlencoded`, with other methods without a content
    /// type: what the reference's client does with text.
    Text(Bytes),
    /// A file, streamed as multipart.
    File(Upload),
}

/// A file to send.
#[derive(Clone)]
pub struct Upload {
    /// Where it comes from.
    pub source: Arc<dyn FileSource>,
    /// Its name there.
    pub name: String,
    /// Its media type.
    pub media: String,
}

/// A request that may be sent several times.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to; resolved by [`super::Address`], so below the API's base.
    pub url: Url,
    /// What it carries.
    pub payload: Option<Payload>,
    /// Repeat a POST only where it certainly never reached the API (the step's field `safeRetries`).
    pub safe_retries: bool,
    /// Where the body of a success goes, instead of into the answer.
    pub sink: Option<Arc<dyn FileSink>>,
}

impl Request {
    /// `GET url`, carrying nothing.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// `DELETE url`, carrying nothing.
    #[must_use]
    pub fn delete(url: Url) -> Self {
        Self::new(Method::DELETE, url)
    }

    /// `POST url`, carrying `payload`.
    #[must_use]
    pub fn post(url: Url, payload: Payload) -> Self {
        Self { payload: Some(payload), ..Self::new(Method::POST, url) }
    }

    /// A request that carries nothing.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, payload: None, safe_retries: false, sink: None }
    }

    /// Method and path, without the query, for logs and error texts.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }

    /// Whether its method is one whose requests have a content: POST and PUT.
    #[must_use]
    pub fn has_content(&self) -> bool {
        matches!(self.method, Method::POST | Method::PUT)
    }

    /// Whether a file passes through, which may take longer than other calls.
    #[must_use]
    pub fn is_transfer(&self) -> bool {
        self.sink.is_some() || matches!(self.payload, Some(Payload::File(_)))
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}
