//! The payload of an error message (contract, section 6): the error sealed, and what came in beside it.

use serde_json::value::RawValue;

use super::{
    cipher::{Cipher, Encoding, OpenError},
    headers::{self, Value},
    json::{RawObject, write_compact, write_value},
};

/// An error as the platform shows it to the flow's owner.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ErrorBody<'a> {
    /// Kind of error, e.g. `Error`.
    pub name: &'a str,
    /// What happened and what to do.
    pub message: &'a str,
    /// The reference sends a stack trace; ours says where in the worker the error arose.
    pub stack: &'a str,
}

/// The error alone, sealed and in base64 whatever the protocol version: the body of an error reply.
#[must_use]
pub fn seal_error(cipher: &Cipher, error: &ErrorBody<'_>) -> Vec<u8> {
    let mut plain = Vec::with_capacity(error.message.len() + 128);
    write_value(&mut plain, error);
    cipher.seal(plain, Encoding::Base64)
}

/// What came in, in base64: unchanged for protocol version 1, encoded anew for version 2.
///
/// # Errors
/// When the payload of a version 2 message cannot be decrypted.
pub fn error_input(cipher: &Cipher, payload: &[u8], encoding: Encoding) -> Result<Vec<u8>, OpenError> {
    match encoding {
        Encoding::Base64 => Ok(payload.to_vec()),
        Encoding::Raw => Ok(cipher.seal(cipher.open(payload, encoding)?, Encoding::Base64)),
    }
}

/// The body of an error message: plain JSON around the two sealed parts.
#[must_use]
pub fn error_payload(sealed_error: &[u8], error_input: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(sealed_error.len() + error_input.map_or(0, <[u8]>::len) + 40);
    out.extend_from_slice(b"{\"error\":");
    write_text(&mut out, sealed_error);
    if let Some(input) = error_input {
        out.extend_from_slice(b",\"errorInput\":");
        write_text(&mut out, input);
    }
    out.push(b'}');
    out
}

/// The message that an error handler gets (contract, section 3): `body` holds the opened `error` and `errorInput`,
/// `headers` the AMQP headers.
///
/// # Errors
/// When the body is no JSON object, or one of the two parts cannot be opened.
pub fn open_error(cipher: &Cipher, body: &[u8], headers: &[(String, Value)]) -> Result<Vec<u8>, OpenError> {
    let parts: RawObject<'_> = serde_json::from_slice(body).map_err(|_| OpenError::NotJson)?;
    let mut out = b"{\"body\":{".to_vec();
    let mut separator = "";
    for (name, part) in parts.entries() {
        out.extend_from_slice(separator.as_bytes());
        separator = ",";
        write_value(&mut out, name.as_ref());
        out.push(b':');
        match serde_json::from_str::<String>(part.get()) {
            Ok(sealed) if !sealed.is_empty() && matches!(name.as_ref(), "error" | "errorInput") => {
                let opened = cipher.open_text(sealed.as_bytes(), Encoding::Base64)?;
                let json: &RawValue = serde_json::from_str(&opened).map_err(|_| OpenError::NotJson)?;
                write_compact(json.get(), &mut out);
            }
            _ => write_compact(part.get(), &mut out),
        }
    }
    out.extend_from_slice(b"},\"headers\":");
    write_value(&mut out, &headers::to_json(headers));
    out.push(b'}');
    Ok(out)
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    write_value(out, &String::from_utf8_lossy(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_protocol_versions_give_base64_input() {
        let cipher = Cipher::new(&"p".into(), [0; 16]);
        for encoding in [Encoding::Base64, Encoding::Raw] {
            let payload = cipher.seal(b"{\"body\":1}".to_vec(), encoding);
            let input = error_input(&cipher, &payload, encoding).expect("opens");
            assert_eq!(cipher.open(&input, Encoding::Base64).expect("opens"), b"{\"body\":1}");
        }
        assert!(error_input(&cipher, b"x", Encoding::Raw).is_err());
    }

    #[test]
    fn an_error_handler_gets_both_parts_opened() {
        let cipher = Cipher::new(&"p".into(), [0; 16]);
        let seal = |text: &str| String::from_utf8(cipher.seal(text.into(), Encoding::Base64)).expect("base64");
        let body =
            format!(r#"{{"error":"{}","errorInput":"{}"}}"#, seal(r#"{"message":"m"}"#), seal(r#"{"body":1.50}"#));
        let opened = open_error(&cipher, body.as_bytes(), &[("n".into(), Value::I32(7))]).expect("opens");
        assert_eq!(
            String::from_utf8_lossy(&opened),
            r#"{"body":{"error":{"message":"m"},"errorInput":{"body":1.50}},"headers":{"n":7}}"#
        );
        assert!(open_error(&cipher, b"[]", &[]).is_err());
        assert!(open_error(&cipher, br#"{"error":"x"}"#, &[]).is_err());
    }

    #[test]
    fn the_payload_is_plain_json() {
        assert_eq!(error_payload(b"E", Some(b"I")), br#"{"error":"E","errorInput":"I"}"#);
        assert_eq!(error_payload(b"E", None), br#"{"error":"E"}"#);
    }
}
