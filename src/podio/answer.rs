//! What Podio answered: status, headers and body, and how they turn into JSON (contract, section 8).

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, HeaderValue, RETRY_AFTER, SET_COOKIE},
};
use serde_json::value::RawValue;

use super::wait::named_wait;
use crate::platform::json::{Kind, write_compact, write_string};

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

/// Why an answer could not be read to its end.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The connection broke, or it took too long.
    Broken(reqwest::Error),
    /// More bytes than are kept.
    TooLarge,
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
        let status = response.status();
        let reason = match response.extensions().get::<hyper::ext::ReasonPhrase>() {
            Some(phrase) => Some(String::from_utf8_lossy(phrase.as_bytes()).into_owned()),
            None => status.canonical_reason().map(str::to_owned),
        };
        let headers = std::mem::take(response.headers_mut());
        let first = response.chunk().await.map_err(ReadError::Broken)?.unwrap_or_default();
        let body = match response.chunk().await.map_err(ReadError::Broken)? {
            None => first,
            Some(second) => {
                let mut whole = BytesMut::with_capacity(first.len() + second.len());
                whole.extend_from_slice(&first);
                whole.extend_from_slice(&second);
                while let Some(chunk) = response.chunk().await.map_err(ReadError::Broken)? {
                    if whole.len() + chunk.len() > limit {
                        return Err(ReadError::TooLarge);
                    }
                    whole.extend_from_slice(&chunk);
                }
                whole.freeze()
            }
        };
        if body.len() > limit {
            return Err(ReadError::TooLarge);
        }
        Ok(Self {
            status,
            reason: reason.filter(|phrase| !phrase.is_empty()),
            headers,
            body,
        })
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

    /// The wait that the answer asks for.
    #[must_use]
    pub fn named_wait(&self) -> Option<Duration> {
        let retry_after = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        named_wait(retry_after, &self.body, SystemTime::now())
    }

    /// Podio's machine codes `error` and `error_description`, where they are codes and not prose: safe to log.
    #[must_use]
    pub fn error_codes(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Envelope {
            error: String,
            error_description: Option<String>,
        }
        let is_code = |text: &String| {
            text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        let envelope: Envelope = serde_json::from_slice(&self.body).ok()?;
        let error = Some(envelope.error).filter(is_code)?;
        Some(match envelope.error_description.filter(is_code) {
            Some(description) => format!("{error}/{description}"),
            None => error,
        })
    }

    /// Podio's `x-podio-request-id`, for questions to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.headers.get("x-podio-request-id")?.to_str().ok()
    }

    /// `Got error "…", status - "…", body: …`, the reference's text.
    #[must_use]
    pub fn error_text(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or("unknown");
        let status = self.status.as_u16();
        let mut text = format!("Got error \"{reason}\", status - \"{status}\", body: ").into_bytes();
        match self.body() {
            Body::Json(json) if !is_falsy(json) => write_compact(json.get(), &mut text),
            Body::Empty | Body::Json(_) => write_string(&mut text, "no body found"),
            Body::Text(_) | Body::Binary(_) => {
                self.write_body(&mut text);
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Appends the body as JSON: itself, its text, its base64 text, or `""`. True when it is base64.
    pub fn write_body(&self, out: &mut Vec<u8>) -> bool {
        match self.body() {
            Body::Empty => out.extend_from_slice(b"\"\""),
            Body::Json(json) => write_compact(json.get(), out),
            Body::Text(text) => write_string(out, text),
            Body::Binary(bytes) => {
                write_string(out, &STANDARD.encode(bytes));
                return true;
            }
        }
        false
    }

    /// Appends the headers as a JSON object: repeated ones joined with commas, as RFC 9110 (section 5.3) allows,
    /// except `set-cookie`, which may not be joined and becomes an array.
    pub fn write_headers(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (index, name) in self.headers.keys().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_string(out, name.as_str());
            out.push(b':');
            let values: Vec<String> = self.headers.get_all(name).iter().map(latin1).collect();
            match values.as_slice() {
                [one] => write_string(out, one),
                many if name == SET_COOKIE => crate::platform::json::write_value(out, many),
                many => write_string(out, &many.join(", ")),
            }
        }
        out.push(b'}');
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What JavaScript takes for "no value": the reference says "no body found" then.
fn is_falsy(json: &RawValue) -> bool {
    match Kind::of(json) {
        Kind::Null => true,
        Kind::Boolean => json.get() == "false",
        Kind::Text => json.get() == "\"\"",
        Kind::Number => json.get().parse() == Ok(0.0_f64),
        Kind::Array | Kind::Object => false,
    }
}

/// A header's value; bytes beyond ASCII are read as Latin-1, as the reference does.
fn latin1(value: &HeaderValue) -> String {
    value.as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, reason: Option<&str>, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                reqwest::header::HeaderName::from_bytes(name.as_bytes()).expect("a name"),
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

    fn body(bytes: &[u8]) -> (String, bool) {
        let mut out = Vec::new();
        let binary = answer(200, None, &[], bytes).write_body(&mut out);
        (String::from_utf8(out).expect("UTF-8"), binary)
    }

    #[test]
    fn bodies() {
        for (bytes, want) in [
            (&b""[..], "\"\""),
            (b"{\"a\": 1.50}", "{\"a\":1.50}"),
            (b"\xEF\xBB\xBF[1]", "[1]"),
            (b"\xEF\xBB\xBFtext", "\"text\""),
            (b"null", "null"),
            (b"plain \"text\"", "\"plain \\\"text\\\"\""),
            ("grün".as_bytes(), "\"grün\""),
        ] {
            assert_eq!(body(bytes), (want.to_owned(), false));
        }
        assert_eq!(body(b"\xFF\xD8\x00"), ("\"/9gA\"".to_owned(), true));
    }

    #[test]
    fn headers_keep_what_is_repeated() {
        let mut out = Vec::new();
        answer(200, None, &[("Set-Cookie", "a=1"), ("x-two", "a"), ("set-cookie", "b=2"), ("X-Two", "b")], b"")
            .write_headers(&mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(value, serde_json::json!({ "set-cookie": ["a=1", "b=2"], "x-two": "a, b" }));
    }

    #[test]
    fn error_texts_are_the_references() {
        for (body, want) in [
            (&b"{\"error\": \"e\"}"[..], "Got error \"Bad Request\", status - \"400\", body: {\"error\":\"e\"}"),
            (b"", "Got error \"Bad Request\", status - \"400\", body: \"no body found\""),
            (b"null", "Got error \"Bad Request\", status - \"400\", body: \"no body found\""),
            (b"0.0", "Got error \"Bad Request\", status - \"400\", body: \"no body found\""),
            (b"<html>", "Got error \"Bad Request\", status - \"400\", body: \"<html>\""),
        ] {
            assert_eq!(answer(400, Some("Bad Request"), &[], body).error_text(), want);
        }
        assert!(answer(420, None, &[], b"").error_text().starts_with("Got error \"unknown\", status - \"420\""));
    }

    #[test]
    fn only_codes_are_told() {
        let codes = |body: &str| answer(400, None, &[], body.as_bytes()).error_codes();
        assert_eq!(codes(r#"{"error":"unauthorized","error_description":"expired_token"}"#).as_deref(), Some("unauthorized/expired_token"));
        assert_eq!(codes(r#"{"error":"invalid_value","error_description":"'Ann' is not valid"}"#).as_deref(), Some("invalid_value"));
        assert_eq!(codes(r#"{"error":"my secret value"}"#), None);
        assert_eq!(codes("<html>"), None);
    }
}
