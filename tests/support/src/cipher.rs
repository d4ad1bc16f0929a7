//! The platform's cipher, independent of the worker's own, so that an error in one of them shows.

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The password of every worker under test.
pub const PASSWORD: &str = "testCryptoPassword";
/// The initialisation vector of every worker under test, 16 bytes.
pub const IV: &str = "iv=any16_symbols";

/// The key for AES-256-CBC: the SHA-256 of [`PASSWORD`].
fn key() -> [u8; 32] {
    Sha256::digest(PASSWORD).into()
}

fn iv() -> [u8; 16] {
    IV.as_bytes().try_into().expect("the vector has 16 bytes")
}

/// The ciphertext as it is: an AMQP body of protocol version 2, or an object in object storage.
#[must_use]
pub fn encrypt_raw(plain: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<Aes256>::new(&key().into(), &iv().into()).encrypt_padded_vec::<Pkcs7>(plain)
}

/// The ciphertext in base64: an AMQP body of protocol version 1.
#[must_use]
pub fn encrypt_base64(plain: &[u8]) -> String {
    STANDARD.encode(encrypt_raw(plain))
}

/// The plain text of a ciphertext.
pub fn decrypt_raw(ciphertext: &[u8]) -> Result<String> {
    let plain = cbc::Decryptor::<Aes256>::new(&key().into(), &iv().into())
        .decrypt_padded_vec::<Pkcs7>(ciphertext)
        .map_err(|_| anyhow!("{} bytes do not decrypt with the tests' password", ciphertext.len()))?;
    String::from_utf8(plain).context("the decrypted bytes are not UTF-8")
}

/// The plain text of a ciphertext in base64.
pub fn decrypt_base64(ciphertext: &[u8]) -> Result<String> {
    decrypt_raw(&STANDARD.decode(ciphertext).context("the body is not base64")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_s_test_vector() {
        let plain = r#"{"body":{"hello":"world"}}"#;
        let ciphertext = "axyl/YcFb4wgFzIyJ9McA9xyf/alvd9InmVcpgXq9OA=";
        assert_eq!(encrypt_base64(plain.as_bytes()), ciphertext);
        assert_eq!(decrypt_base64(ciphertext.as_bytes()).expect("it is encrypted with this password"), plain);
    }
}
