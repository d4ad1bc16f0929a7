//! One request to Podio, before it is sent.

use bytes::Bytes;
use reqwest::Method;
use url::Url;

/// What a request carries.
#[derive(Clone)]
pub enum Payload {
    /// Compact JSON, sent as `application/json`.
    Json(Bytes),
    /// Text, sent as `application/x-www-form-urlencoded`: what the reference's client does with text.
    Form(Bytes),
}

impl Payload {
    /// The content type that goes with it.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Json(bytes) | Self::Form(bytes) => bytes,
        }
    }
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
    /// Repeat a POST only where it certainly never reached Podio (the step's field `safeRetries`).
    pub safe_retries: bool,
}

impl Request {
    /// Method and path, without the query, for logs and error texts.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}
