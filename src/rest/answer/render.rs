//! Writes answers as JSON: the emitted body and headers, and the error text (protocol, sections 8.6 and 8.10).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::{HeaderName, HeaderValue, SET_COOKIE};
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::{Answer, BYTE_ORDER_MARK, Body};
use crate::rest::mask::cut;
use elasticio_runtime::platform::json::{Kind, ObjectWriter, WriteJson, write_compact, write_string, write_value};

/// How a body was written into JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEncoding {
    /// As the JSON or text that it is.
    Plain,
    /// As base64, because it is neither JSON nor text.
    Base64,
}

/// Writes the body alone.
impl WriteJson for Answer {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.write_body(out);
    }

    fn size_hint(&self) -> usize {
        self.len()
    }
}

/// The most bytes of an answer in an error text.
const MAX_QUOTED: usize = 64 * 1024;

impl Answer {
    /// `Got error "…", status - "…", body: …`, word for word as in the Node.js component. A long body is cut off, which
    /// the text says; no part of a secret is left at the cut.
    #[must_use]
    pub(crate) fn error_text(&self, secrets: &[SecretString]) -> String {
        let reason = self.reason.as_deref().unwrap_or("unknown");
        let mut text = format!("Got error \"{reason}\", status - \"{}\", body: ", self.status.as_u16());
        let quoted = self.quoted_body();
        if quoted.len() <= MAX_QUOTED && self.len() <= MAX_QUOTED {
            text.push_str(&quoted);
        } else {
            text.push_str(&cut(quoted, MAX_QUOTED, secrets));
            text.push_str("… (cut off: the answer has ");
            text.push_str(&self.len().to_string());
            text.push_str(" bytes)");
        }
        text
    }

    /// The body for an error text, or the beginning of a long one.
    fn quoted_body(&self) -> String {
        let mut text = Vec::new();
        if self.len() > MAX_QUOTED {
            quote_beginning(&self.body[..MAX_QUOTED], &mut text);
            return String::from_utf8_lossy(&text).into_owned();
        }
        match self.body() {
            Body::Json(json) if !is_falsy(json) => write_compact(json.get(), &mut text),
            Body::Empty | Body::Json(_) => write_string(&mut text, "no body found"),
            Body::Text(_) | Body::Binary(_) => {
                self.write_body(&mut text);
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Appends the body as JSON: JSON unchanged, text and base64 as a string, an empty body as `""`.
    pub(crate) fn write_body(&self, out: &mut Vec<u8>) -> BodyEncoding {
        match self.body() {
            Body::Empty => out.extend_from_slice(b"\"\""),
            Body::Json(json) => write_compact(json.get(), out),
            Body::Text(text) => write_string(out, text),
            Body::Binary(bytes) => {
                write_string(out, &STANDARD.encode(bytes));
                return BodyEncoding::Base64;
            }
        }
        BodyEncoding::Plain
    }

    /// Appends the headers as a JSON object. Repeated headers are joined with commas, as RFC 9110 (section 5.3) allows,
    /// except for `set-cookie`, which must not be joined and becomes an array.
    pub(crate) fn write_headers(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::new(out);
        for name in self.headers.keys() {
            // A header's name has no character that JSON escapes (RFC 9110, section 5.6.2).
            let out = object.plain_field(name.as_str());
            let mut values = self.headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (Some(one), None) => write_header(out, one),
                _ => self.write_repeated(out, name),
            }
        }
        object.end();
    }

    fn write_repeated(&self, out: &mut Vec<u8>, name: &HeaderName) {
        let values: Vec<String> = self.headers.get_all(name).iter().map(latin1).collect();
        if name == SET_COOKIE { write_value(out, &values) } else { write_string(out, &values.join(", ")) }
    }
}

/// Appends the beginning of a body: as JSON if it begins like that, other text as a string, anything else as base64.
fn quote_beginning(bytes: &[u8], out: &mut Vec<u8>) {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        // The cut is in a character.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return write_string(out, &STANDARD.encode(bytes)),
    };
    let text = String::from_utf8_lossy(&bytes[..valid]);
    if text.trim_start().starts_with(['{', '[', '"']) { write_compact(&text, out) } else { write_string(out, &text) }
}

fn quote(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

/// Appends a header's value. Most values need no escaping and are copied.
fn write_header(out: &mut Vec<u8>, value: &HeaderValue) {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if value.as_bytes().iter().all(plain) {
        quote(out, value.as_bytes());
    } else {
        write_string(out, &latin1(value));
    }
}

/// Whether the value is falsy in JavaScript; the Node.js component then says "no body found".
fn is_falsy(json: &RawValue) -> bool {
    match Kind::of(json) {
        Kind::Null => true,
        Kind::Boolean => json.get() == "false",
        Kind::Text => json.get() == "\"\"",
        Kind::Number => json.get().parse() == Ok(0.0_f64),
        Kind::Array | Kind::Object => false,
    }
}

/// Decodes a header's value as Latin-1, as the Node.js component does.
fn latin1(value: &HeaderValue) -> String {
    value.as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::tests::answer, BodyEncoding, MAX_QUOTED};

    fn body(bytes: &[u8]) -> (String, BodyEncoding) {
        let mut out = Vec::new();
        let encoding = answer(200, None, &[], bytes).write_body(&mut out);
        (String::from_utf8(out).expect("UTF-8"), encoding)
    }

    #[test]
    fn bodies_are_written_by_their_kind() {
        for (bytes, want) in [
            (&b""[..], "\"\""),
            (b"{\"a\": 1.50}", "{\"a\":1.50}"),
            (b"\xEF\xBB\xBF[1]", "[1]"),
            (b"\xEF\xBB\xBFtext", "\"text\""),
            (b"null", "null"),
            (b"plain \"text\"", "\"plain \\\"text\\\"\""),
            ("grün".as_bytes(), "\"grün\""),
        ] {
            assert_eq!(body(bytes), (want.to_owned(), BodyEncoding::Plain));
        }
        assert_eq!(body(b"\xFF\xD8\x00"), ("\"/9gA\"".to_owned(), BodyEncoding::Base64));
    }

    #[test]
    fn repeated_headers_are_joined_and_cookies_are_listed() {
        let mut out = Vec::new();
        answer(200, None, &[("Set-Cookie", "a=1"), ("x-two", "a"), ("set-cookie", "b=2"), ("X-Two", "b")], b"")
            .write_headers(&mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(value, serde_json::json!({ "set-cookie": ["a=1", "b=2"], "x-two": "a, b" }));
    }

    #[test]
    fn error_texts_match_the_node_component() {
        for (body, want) in [
            (&b"{\"error\": \"e\"}"[..], "Got error \"Bad Request\", status - \"400\", body: {\"error\":\"e\"}"),
            (b"", "Got error \"Bad Request\", status - \"400\", body: \"no body found\""),
            (b"null", "Got error \"Bad Request\", status - \"400\", body: \"no body found\""),
            (b"0.0", "Got error \"Bad Request\", status - \"400\", body: \"no body found\""),
            (b"<html>", "Got error \"Bad Request\", status - \"400\", body: \"<html>\""),
        ] {
            assert_eq!(answer(400, Some("Bad Request"), &[], body).error_text(&[]), want);
        }
        assert!(answer(420, None, &[], b"").error_text(&[]).starts_with("Got error \"unknown\", status - \"420\""));
    }

    #[test]
    fn a_long_body_is_cut_off() {
        let json = |fill: &str| format!("{{\"error\": [{}1]}}", format!("\"{fill}\", ").repeat(10_000));
        for (body, begins) in [
            (json("abcdefgh").into_bytes(), "{\"error\":[\"abcdefgh\",\"ab"),
            (json(r"\u00fc\/\ud83d\ude00").into_bytes(), "{\"error\":[\"ü/😀\",\"ü/"),
            (json("\u{FC}\u{1F600}").into_bytes(), "{\"error\":[\"ü😀\",\"ü"),
            ("<p>\u{1}ü".repeat(10_000).into_bytes(), "\"<p>\\u0001ü<p>"),
            (vec![0xFF; 100_000], "\"////"),
        ] {
            let text = answer(400, Some("Bad Request"), &[], &body).error_text(&[]);
            let quoted = text.strip_prefix("Got error \"Bad Request\", status - \"400\", body: ").expect("the head");
            let quoted =
                quoted.strip_suffix(&format!("… (cut off: the answer has {} bytes)", body.len())).expect("the end");
            assert!(quoted.starts_with(begins), "{quoted:.60}");
            assert!((MAX_QUOTED / 4..=MAX_QUOTED).contains(&quoted.len()), "{} {quoted:.60}", quoted.len());
        }
    }
}
