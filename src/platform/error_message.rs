//! The payload of an error message (contract, section 6): the error sealed, and what came in beside it.

use super::{
    cipher::{Cipher, Encoding, OpenError},
    json::write_value,
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
    fn the_payload_is_plain_json() {
        assert_eq!(error_payload(b"E", Some(b"I")), br#"{"error":"E","errorInput":"I"}"#);
        assert_eq!(error_payload(b"E", None), br#"{"error":"E"}"#);
    }
}
