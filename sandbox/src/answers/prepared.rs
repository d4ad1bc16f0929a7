//! An [`Answer`] that is checked and encoded once, so that giving it is cheap, however large it is.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use hyper::ext::ReasonPhrase;
use serde_json::json;

use super::answer::{Answer, HeaderValues, Reset};
use crate::json::compact;
use crate::response::JSON_UTF8;

/// Longest `delay`, in seconds.
const MAX_DELAY: f64 = 3600.0;
/// Largest `size`, in characters.
const MAX_SIZE: usize = 256 * 1024 * 1024;
/// Smallest JSON body, in bytes, that is compressed for a caller who accepts gzip.
const GZIP_FROM: usize = 1024;
/// The content length of a body that breaks off.
const MIDBODY_ANNOUNCED: u64 = 1000;
/// What is sent of a body that breaks off.
const MIDBODY_SENT: &[u8] = b"{\"cut\":";

/// Ends a body that breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the script breaks the answer off here")]
struct MidBody;

/// What becomes of the call itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Execution {
    /// It is not executed: the answer takes its place.
    Never,
    /// It is executed, and the answer takes the place of its own.
    First,
    /// It is executed and gets its own answer.
    Normal,
}

/// An answer that is ready to be given any number of times.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) execution: Execution,
    pub(crate) delay: Duration,
    pub(crate) reset: Reset,
    /// How many times it is given before the next one.
    pub(super) times: u32,
    status: StatusCode,
    reason: Option<ReasonPhrase>,
    headers: HeaderMap,
    body: Bytes,
    is_json: bool,
    gzipped: OnceLock<Bytes>,
}

impl Prepared {
    /// Checks an answer; the error says what is wrong and what is allowed.
    pub(crate) fn new(answer: &Answer) -> Result<Self, String> {
        if !(200..=999).contains(&answer.status) {
            return Err(format!("status {} is not one from 200 to 999", answer.status));
        }
        if answer.times == 0 {
            return Err("times is 0; it must be at least 1".to_owned());
        }
        if !(0.0..=MAX_DELAY).contains(&answer.delay) {
            return Err(format!("delay {} is not one from 0 to {MAX_DELAY} seconds", answer.delay));
        }
        let execution = execution(answer)?;
        let status = StatusCode::from_u16(answer.status).map_err(|error| error.to_string())?;
        let reason = answer.reason.as_deref().map(|reason| ReasonPhrase::try_from(reason.as_bytes()));
        let reason = reason.transpose().map_err(|_| "reason has characters that a reason phrase must not have")?;
        let (body, content_type) = body(answer)?;
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, values) in &answer.headers {
            set_header(&mut headers, name, values)?;
        }
        Ok(Self {
            execution,
            delay: Duration::from_secs_f64(answer.delay),
            reset: answer.reset,
            times: answer.times,
            status,
            reason,
            is_json: (answer.json.is_some() || answer.size.is_some()) && !headers.contains_key(CONTENT_ENCODING),
            headers,
            body,
            gzipped: OnceLock::new(),
        })
    }

    /// The whole answer, compressed if it is large and the caller accepts that.
    pub(crate) fn respond(&self, accepts_gzip: bool) -> Response {
        if accepts_gzip && self.is_json && self.body.len() >= GZIP_FROM {
            let gzipped = self.gzipped.get_or_init(|| gzip(&self.body)).clone();
            let mut response = self.head(Body::from(gzipped));
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
            return response;
        }
        self.head(Body::from(self.body.clone()))
    }

    /// The answer that breaks off in its body.
    pub(crate) fn respond_midbody(&self) -> Response {
        let parts = stream::unfold(0_u8, |part| async move {
            if part == 0 {
                return Some((Ok(Bytes::from_static(MIDBODY_SENT)), 1));
            }
            // Without a pause here, hyper sees the error before it has flushed the first bytes.
            tokio::task::yield_now().await;
            Some((Err(MidBody), part))
        });
        let mut response = self.head(Body::from_stream(parts));
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(MIDBODY_ANNOUNCED));
        response
    }

    fn head(&self, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        response.headers_mut().clone_from(&self.headers);
        if let Some(reason) = &self.reason {
            response.extensions_mut().insert(reason.clone());
        }
        response
    }
}

fn execution(answer: &Answer) -> Result<Execution, String> {
    if !answer.normal {
        return Ok(if answer.after { Execution::First } else { Execution::Never });
    }
    let has_body = answer.json.is_some() || answer.text.is_some() || answer.b64.is_some() || answer.size.is_some();
    let is_own = answer.after || has_body || answer.status != 200 || answer.reset != Reset::No;
    if is_own || !answer.headers.is_empty() || answer.reason.is_some() {
        return Err("normal goes with delay, times and then alone".to_owned());
    }
    Ok(Execution::Normal)
}

/// The body's bytes and the content type that goes with them.
fn body(answer: &Answer) -> Result<(Bytes, Option<&'static str>), String> {
    match (&answer.json, &answer.text, &answer.b64, answer.size) {
        (None, None, None, None) => Ok((Bytes::new(), None)),
        (Some(json), None, None, None) => Ok((compact(json.get()).into(), Some(JSON_UTF8))),
        (None, Some(text), None, None) => Ok((text.clone().into(), Some("text/plain; charset=utf-8"))),
        (None, None, Some(b64), None) => {
            let bytes = STANDARD.decode(b64).map_err(|error| format!("b64 is not base64: {error}"))?;
            Ok((bytes.into(), None))
        }
        (None, None, None, Some(size)) if size > MAX_SIZE => {
            Err(format!("size {size} is larger than {MAX_SIZE} characters"))
        }
        (None, None, None, Some(size)) => Ok((json!({"blob": "x".repeat(size)}).to_string().into(), Some(JSON_UTF8))),
        _ => Err("more than one of json, text, b64 and size is given; choose one".to_owned()),
    }
}

fn set_header(headers: &mut HeaderMap, name: &str, values: &HeaderValues) -> Result<(), String> {
    let name: HeaderName = name.parse().map_err(|_| format!("`{name}` is not a header name"))?;
    headers.remove(&name);
    let lines = match values {
        HeaderValues::One(line) => std::slice::from_ref(line),
        HeaderValues::Many(lines) => lines,
    };
    for line in lines {
        let value = HeaderValue::from_str(line).map_err(|_| format!("header {name} cannot have this value"))?;
        headers.append(&name, value);
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let gzipped = encoder.write_all(bytes).and_then(|()| encoder.finish());
    gzipped.expect("writing to memory does not fail").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(json: &str) -> Result<Prepared, String> {
        Prepared::new(&serde_json::from_str(json).expect("the form of an answer"))
    }

    #[test]
    fn null_is_a_body_and_an_absent_body_is_empty() {
        assert_eq!(prepare(r#"{"json": null}"#).expect("a valid answer").body, "null");
        let empty = prepare(r#"{"status": 400}"#).expect("a valid answer");
        assert!(empty.body.is_empty() && empty.headers.is_empty());
    }

    #[test]
    fn an_invalid_answer_is_refused_with_the_reason() {
        for (json, reason) in [
            (r#"{"status": 99}"#, "status 99"),
            (r#"{"json": 1, "text": "x"}"#, "more than one"),
            (r#"{"b64": "*"}"#, "not base64"),
            (r#"{"delay": -1}"#, "delay -1"),
            (r#"{"times": 0}"#, "times is 0"),
            (r#"{"headers": {"a b": "c"}}"#, "not a header name"),
            (r#"{"reason": "a\nb"}"#, "reason phrase"),
            (r#"{"normal": true, "status": 500}"#, "normal goes with"),
            (r#"{"normal": true, "after": true}"#, "normal goes with"),
        ] {
            let error = prepare(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
