//! The payload of an error message (protocol, sections 6.2 to 6.4): the encrypted error, and the failed message's
//! payload beside it.

use serde_json::{Map, Value, value::RawValue};

use super::{
    cipher::{Cipher, DecryptError, Encoding},
    headers::{self, Value as HeaderValue},
    json::{ObjectWriter, RawObject, write_value},
};

/// An error as the platform shows it to the flow's owner.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ErrorBody<'a> {
    /// Kind of error, e.g. `Error`.
    pub name: &'a str,
    /// What happened and what to do.
    pub message: &'a str,
    /// The stack trace, in the reference.
    pub stack: &'a str,
    /// Further fields, for flows that branch on them.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// Encrypts the error alone, in base64 whatever the protocol version: the body of an error reply.
#[must_use]
pub fn encrypt_error(cipher: &Cipher, error: &ErrorBody<'_>) -> Vec<u8> {
    let mut plain = Vec::with_capacity(error.message.len() + 128);
    write_value(&mut plain, error);
    cipher.encrypt(plain, Encoding::Base64)
}

/// The failed message's payload in base64: unchanged for protocol version 1, encrypted again for version 2.
///
/// # Errors
/// When the payload of a version 2 message cannot be decrypted.
pub fn error_input(cipher: &Cipher, payload: &[u8], encoding: Encoding) -> Result<Vec<u8>, DecryptError> {
    match encoding {
        Encoding::Base64 => Ok(payload.to_vec()),
        Encoding::Raw => Ok(cipher.encrypt(cipher.decrypt(payload, encoding)?, Encoding::Base64)),
    }
}

/// The body of an error message: plain JSON around the two encrypted parts.
#[must_use]
pub fn error_payload(encrypted_error: &[u8], error_input: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(encrypted_error.len() + error_input.map_or(0, <[u8]>::len) + 40);
    let mut object = ObjectWriter::new(&mut out);
    object.text("error", &String::from_utf8_lossy(encrypted_error));
    if let Some(input) = error_input {
        object.text("errorInput", &String::from_utf8_lossy(input));
    }
    object.end();
    out
}

/// The message for an error handler (protocol, section 3.7): `body` holds the decrypted `error` and `errorInput`,
/// `headers` the AMQP headers.
///
/// # Errors
/// When the body is not a JSON object, or one of the two parts cannot be decrypted.
pub fn decrypt_error(cipher: &Cipher, body: &[u8], headers: &[(String, HeaderValue)]) -> Result<Vec<u8>, DecryptError> {
    let parts: RawObject<'_> = serde_json::from_slice(body).map_err(|_| DecryptError::NotJson)?;
    let mut out = Vec::new();
    let mut message = ObjectWriter::new(&mut out);
    let mut body = ObjectWriter::new(message.field("body"));
    for (name, part) in parts.entries() {
        match serde_json::from_str::<String>(part.get()) {
            Ok(encrypted) if !encrypted.is_empty() && matches!(name.as_json(), "error" | "errorInput") => {
                let decrypted = cipher.decrypt_text(encrypted.as_bytes(), Encoding::Base64)?;
                let json: &RawValue = serde_json::from_str(&decrypted).map_err(|_| DecryptError::NotJson)?;
                body.entry(&name, json);
            }
            _ => body.entry(&name, part),
        }
    }
    body.end();
    message.value("headers", &headers::to_json(headers));
    message.end();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_is_base64_in_both_protocol_versions() {
        let cipher = Cipher::new(&"p".into(), [0; 16]);
        for encoding in [Encoding::Base64, Encoding::Raw] {
            let payload = cipher.encrypt(b"{\"body\":1}".to_vec(), encoding);
            let input = error_input(&cipher, &payload, encoding).expect("decrypts");
            assert_eq!(cipher.decrypt(&input, Encoding::Base64).expect("decrypts"), b"{\"body\":1}");
        }
        assert!(error_input(&cipher, b"x", Encoding::Raw).is_err());
    }

    #[test]
    fn an_error_handler_gets_both_parts_decrypted() {
        let cipher = Cipher::new(&"p".into(), [0; 16]);
        let encrypt = |text: &str| String::from_utf8(cipher.encrypt(text.into(), Encoding::Base64)).expect("base64");
        let body = format!(
            r#"{{"error":"{}","errorInput":"{}"}}"#,
            encrypt(r#"{"message":"m"}"#),
            encrypt(r#"{"body":1.50}"#)
        );
        let decrypted =
            decrypt_error(&cipher, body.as_bytes(), &[("n".into(), HeaderValue::I32(7))]).expect("decrypts");
        assert_eq!(
            String::from_utf8_lossy(&decrypted),
            r#"{"body":{"error":{"message":"m"},"errorInput":{"body":1.50}},"headers":{"n":7}}"#
        );
        assert!(decrypt_error(&cipher, b"[]", &[]).is_err());
        assert!(decrypt_error(&cipher, br#"{"error":"x"}"#, &[]).is_err());
    }

    #[test]
    fn the_payload_is_plain_json() {
        assert_eq!(error_payload(b"E", Some(b"I")), br#"{"error":"E","errorInput":"I"}"#);
        assert_eq!(error_payload(b"E", None), br#"{"error":"E"}"#);
    }
}
