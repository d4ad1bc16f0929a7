//! The platform's cipher, written a second time so that the worker is not measured with its own ruler.
//! Knows nothing of AMQP: bytes and text only.

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The password that every test worker gets.
pub const PASSWORD: &str = "testCryptoPassword";
/// The 16-byte initialisation vector that every test worker gets.
pub const IV: &str = "iv=any16_symbols";

/// AES-256-CBC with PKCS#7, the key being the SHA-256 of [`PASSWORD`].
fn key() -> [u8; 32] {
    Sha256::digest(PASSWORD).into()
}

fn iv() -> [u8; 16] {
    IV.as_bytes().try_into().expect("the vector has 16 bytes")
}

/// The raw ciphertext of `plain`: an AMQP body of protocol version 2, or an object in the storage.
#[must_use]
pub fn raw(plain: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<Aes256>::new(&key().into(), &iv().into()).encrypt_padded_vec::<Pkcs7>(plain)
}

/// The ciphertext of `plain` as base64 text: an AMQP body of protocol version 1.
#[must_use]
pub fn text(plain: &[u8]) -> String {
    STANDARD.encode(raw(plain))
}

/// The plain text behind a raw ciphertext.
pub fn open_raw(sealed: &[u8]) -> Result<String> {
    let plain = cbc::Decryptor::<Aes256>::new(&key().into(), &iv().into())
        .decrypt_padded_vec::<Pkcs7>(sealed)
        .map_err(|_| anyhow!("{} bytes do not decrypt with the tests' password", sealed.len()))?;
    String::from_utf8(plain).context("the decrypted bytes are not UTF-8")
}

/// The plain text behind a ciphertext in base64.
pub fn open_text(sealed: &[u8]) -> Result<String> {
    let sealed = STANDARD.decode(sealed).context("the body is not base64")?;
    open_raw(&sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_s_test_vector() {
        let plain = r#"{"body":{"hello":"world"}}"#;
        let sealed = "axyl/YcFb4wgFzIyJ9McA9xyf/alvd9InmVcpgXq9OA=";
        assert_eq!(text(plain.as_bytes()), sealed);
        assert_eq!(open_text(sealed.as_bytes()).expect("it is sealed with this password"), plain);
    }
}
