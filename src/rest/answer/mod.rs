//! The API's answer: status, headers and body, and their form as JSON (protocol, section 8.6).

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::{Response, StatusCode, header::HeaderMap};
use serde_json::value::RawValue;
use tokio::time::Instant;

use elasticio_runtime::http::body::{self, ReadError};

use super::retry_after::requested_wait;

mod render;

pub(crate) use render::BodyEncoding;

/// Some servers send it in front of JSON and text; it is not part of either.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The most bytes of a body that are parsed for codes and waits; error answers have a few hundred.
const MAX_PARSED: usize = 1024 * 1024;

/// A complete answer. Its `Debug` output shows only the status.
#[derive(Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Reason phrase of the status line, if any.
    pub reason: Option<String>,
    /// Headers; their names are in lower case.
    pub headers: HeaderMap,
    body: Bytes,
}

/// A body by its kind.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// No bytes.
    Empty,
    /// JSON, whatever the content type says.
    Json(&'a RawValue),
    /// Any other UTF-8 text.
    Text(&'a str),
    /// Anything else.
    Binary(&'a [u8]),
}

impl Answer {
    /// Reads the whole answer; fails if the body has more than `limit` bytes, or comes after `deadline`.
    pub(super) async fn read(mut response: Response, limit: usize, deadline: Instant) -> Result<Self, ReadError> {
        let head = Self::head(&mut response);
        let body = body::read(response, limit, deadline).await?;
        Ok(Self { body, ..head })
    }

    /// The answer without its body. Moves the headers out of `response`.
    pub(super) fn head(response: &mut Response) -> Self {
        let status = response.status();
        let reason = match response.extensions().get::<hyper::ext::ReasonPhrase>() {
            Some(phrase) => Some(String::from_utf8_lossy(phrase.as_bytes()).into_owned()),
            None => status.canonical_reason().map(str::to_owned),
        };
        Self {
            status,
            reason: reason.filter(|phrase| !phrase.is_empty()),
            headers: std::mem::take(response.headers_mut()),
            body: Bytes::new(),
        }
    }

    /// The body. Whether it is JSON is decided by its bytes, not by its content type.
    #[must_use]
    pub fn body(&self) -> Body<'_> {
        let bytes = self.body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.body);
        if bytes.is_empty() {
            return Body::Empty;
        }
        if let Ok(json) = serde_json::from_slice::<&RawValue>(bytes) {
            return Body::Json(json);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Body::Text(text),
            Err(_) => Body::Binary(&self.body),
        }
    }

    /// The body's length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Whether the body is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The wait that a rate limit asks for, in `Retry-After` or in its body, which `in_body` parses.
    pub(super) fn requested_wait(&self, in_body: fn(&[u8]) -> Option<Duration>) -> Option<Duration> {
        requested_wait(&self.headers, in_body(&self.body[..self.len().min(MAX_PARSED)]), SystemTime::now())
    }

    /// The wait that `Retry-After` asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        requested_wait(&self.headers, None, SystemTime::now())
    }

    /// `error` and `error_description` of the body. They may hold content.
    pub(super) fn error_texts(&self) -> (Option<String>, Option<String>) {
        #[derive(Default, serde::Deserialize)]
        struct Envelope {
            error: Option<String>,
            error_description: Option<String>,
        }
        let body = Some(&self.body).filter(|body| body.len() <= MAX_PARSED);
        let envelope: Envelope = body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        (envelope.error, envelope.error_description)
    }

    /// `error` and `error_description` of the body, safe to log: each only if it is a machine code and not prose.
    #[must_use]
    pub(crate) fn error_codes(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Envelope {
            error: String,
            error_description: Option<String>,
        }
        let body = Some(&self.body).filter(|body| body.len() <= MAX_PARSED)?;
        let envelope: Envelope = serde_json::from_slice(body).ok()?;
        let error = Some(envelope.error).filter(|text| is_code(text))?;
        Some(match envelope.error_description.filter(|text| is_code(text)) {
            Some(description) => format!("{error}/{description}"),
            None => error,
        })
    }
}

/// Whether a text is a machine code. Prose may contain personal data and must not be logged.
pub(super) fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Answer {
    /// A success with this body, for tests elsewhere.
    pub(crate) fn ok(body: &str) -> Self {
        tests::answer(200, None, &[], body.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    pub(super) fn answer(status: u16, reason: Option<&str>, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).expect("a name"),
                HeaderValue::from_str(value).expect("a value"),
            );
        }
        Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            reason: reason.map(str::to_owned),
            headers: map,
            body: Bytes::copy_from_slice(body),
        }
    }

    #[test]
    fn only_machine_codes_are_reported() {
        let codes = |body: &str| answer(400, None, &[], body.as_bytes()).error_codes();
        assert_eq!(
            codes(r#"{"error":"unauthorized","error_description":"expired_token"}"#).as_deref(),
            Some("unauthorized/expired_token")
        );
        assert_eq!(
            codes(r#"{"error":"invalid_value","error_description":"'Ann' is not valid"}"#).as_deref(),
            Some("invalid_value")
        );
        assert_eq!(codes(r#"{"error":"my secret value"}"#), None);
        assert_eq!(codes("<html>"), None);
    }
}
