//! What the API answered: status, headers and body, and how they turn into JSON (protocol, section 8.6).

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::value::RawValue;

use elasticio_runtime::http::body::{self, ReadError};

use super::retry_after::named_wait;

mod render;

pub use render::BodyEncoding;

/// Some servers put it before JSON and text; it is no part of either.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A whole answer. Its debug print shows the status only.
#[derive(Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The status line's reason phrase, if there was one.
    pub reason: Option<String>,
    /// Headers, names in lower case.
    pub headers: HeaderMap,
    body: Bytes,
}

/// What a body is.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// No byte.
    Empty,
    /// JSON, whatever the content type says.
    Json(&'a RawValue),
    /// Any other UTF-8 text.
    Text(&'a str),
    /// Anything else.
    Binary(&'a [u8]),
}

impl Answer {
    /// Reads an answer to its end, at most `limit` bytes of body.
    pub(super) async fn read(mut response: Response, limit: usize) -> Result<Self, ReadError> {
        let head = Self::head(&mut response);
        let body = body::read(response, limit).await?;
        Ok(Self { body, ..head })
    }

    /// An answer without its body; takes the headers out of the response.
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

    /// What the body is.
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

    /// Bytes of the body.
    #[must_use]
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Whether there is no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The wait that the answer asks for; `in_body` reads the one that its body names.
    pub(super) fn named_wait(&self, in_body: fn(&[u8]) -> Option<Duration>) -> Option<Duration> {
        let retry_after = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        named_wait(retry_after, in_body(&self.body), SystemTime::now())
    }

    /// The machine codes `error` and `error_description`, where they are codes and not prose: safe to log.
    #[must_use]
    pub fn error_codes(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Envelope {
            error: String,
            error_description: Option<String>,
        }
        let envelope: Envelope = serde_json::from_slice(&self.body).ok()?;
        let error = Some(envelope.error).filter(|text| is_code(text))?;
        Some(match envelope.error_description.filter(|text| is_code(text)) {
            Some(description) => format!("{error}/{description}"),
            None => error,
        })
    }
}

/// Whether a text is a machine code and not prose, which may hold anything.
pub(super) fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
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
    fn only_codes_are_told() {
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
