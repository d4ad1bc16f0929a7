//! The messages' payload, and the key material that it is encrypted with.

use elasticio_runtime::platform::cipher::{Cipher, Encoding};
use serde_json::json;

/// The password of the messages' cipher; any will do.
pub(crate) const PASSWORD: &str = "bench-password";
/// The initialisation vector of the messages' cipher; any 16 bytes will do.
pub(crate) const IV: &str = "bench-iv-16bytes";

/// The encrypted payload of a message that makes the worker GET `url`.
pub(crate) fn encrypted_get(url: &str) -> Vec<u8> {
    encrypted_get_with(url, 0)
}

/// The same with so many bytes that have no use.
pub(crate) fn encrypted_get_with(url: &str, bytes: usize) -> Vec<u8> {
    let iv = IV.as_bytes().try_into().expect("the vector has 16 bytes");
    let message = json!({ "body": { "method": "GET", "url": url, "unused": "x".repeat(bytes) } });
    Cipher::new(&PASSWORD.into(), iv).encrypt(message.to_string().into_bytes(), Encoding::Base64)
}
