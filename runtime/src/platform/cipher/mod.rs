//! Encryption of messages: AES-256-CBC with PKCS#7 padding, key = SHA-256 of the password (protocol, section 3). Sees
//! bytes only and must not know what a message is.

use aes::Aes256;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

mod base64;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;

use base64::{Base64, encoded};

use crate::settings::{Reader, variables as v};

/// AES block length, which is also the length of the initialisation vector, in bytes.
pub const BLOCK: usize = 16;

/// Length of `length` bytes with PKCS#7 padding.
const fn padded(length: usize) -> usize {
    length + BLOCK - length % BLOCK
}

/// Bytes to reserve for encrypting `length` bytes, whatever the encoding: a buffer of this capacity is not moved.
#[must_use]
pub const fn encrypted_size(length: usize) -> usize {
    encoded(padded(length))
}

/// The key material for the flow's messages.
#[derive(Clone, Debug)]
pub(crate) struct CipherSettings {
    /// `ELASTICIO_MESSAGE_CRYPTO_PASSWORD`
    pub(crate) password: SecretString,
    /// `ELASTICIO_MESSAGE_CRYPTO_IV`
    pub(crate) iv: [u8; BLOCK],
}

impl CipherSettings {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let password = reader.secret(v::MESSAGE_CRYPTO_PASSWORD);
        let text = reader.text(v::MESSAGE_CRYPTO_IV);
        let iv = <[u8; BLOCK]>::try_from(text.as_bytes()).unwrap_or_else(|_| {
            if !text.is_empty() {
                reader.problem(v::MESSAGE_CRYPTO_IV, &format!("has {} bytes, it must have {BLOCK}", text.len()));
            }
            [0; BLOCK]
        });
        Self { password, iv }
    }
}

/// How a ciphertext is written in an AMQP body. The header `protocolVersion` says which (protocol, section 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Protocol version 1: the base64 text of the ciphertext.
    #[default]
    Base64,
    /// Protocol version 2: the ciphertext itself.
    Raw,
}

impl Encoding {
    /// The encoding of a protocol version: base64 below 2, else raw.
    #[must_use]
    pub fn of_version(version: u64) -> Self {
        if version < 2 { Self::Base64 } else { Self::Raw }
    }

    /// Length of the encoded ciphertext of `length` bytes.
    #[must_use]
    pub fn payload_size(self, length: usize) -> usize {
        match self {
            Self::Base64 => encoded(padded(length)),
            Self::Raw => padded(length),
        }
    }

    /// The protocol version of the encoding.
    #[must_use]
    pub fn version(self) -> i32 {
        match self {
            Self::Base64 => 1,
            Self::Raw => 2,
        }
    }
}

/// Why a payload could not be decrypted. Never says anything about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// The body is not base64.
    #[error("the body is not base64, which protocol version 1 requires")]
    NotBase64,
    /// An error message, or one of its decrypted parts, is not JSON.
    #[error("the body is not the JSON of an error message, which ELASTICIO_INPUT_FORMAT=error requires")]
    NotJson,
    /// Wrong length, key, or initialisation vector.
    #[error(
        "the body cannot be decrypted: it was not encrypted with this flow's ELASTICIO_MESSAGE_CRYPTO_PASSWORD and _IV, or it is damaged"
    )]
    NotDecryptable,
}

/// The cipher of one flow. The key is a secret, which the `Debug` output does not show.
#[derive(Debug)]
pub struct Cipher {
    key: SecretBox<[u8; 32]>,
    iv: [u8; BLOCK],
    base64: Base64,
}

impl Cipher {
    /// The cipher that the settings describe.
    pub(crate) fn of_settings(settings: &CipherSettings) -> Self {
        Self::new(&settings.password, settings.iv)
    }

    /// A cipher from `ELASTICIO_MESSAGE_CRYPTO_PASSWORD` and `ELASTICIO_MESSAGE_CRYPTO_IV`.
    #[must_use]
    pub fn new(password: &SecretString, iv: [u8; BLOCK]) -> Self {
        let digest = Sha256::digest(password.expose_secret().as_bytes());
        Self { key: SecretBox::new(Box::new(digest.into())), iv, base64: Base64::new() }
    }

    /// Encrypts and encodes `plain` in its own buffer and returns it. The buffer grows only if its capacity is less
    /// than [`encrypted_size`] of its length.
    #[must_use]
    pub fn encrypt(&self, mut plain: Vec<u8>, encoding: Encoding) -> Vec<u8> {
        let length = plain.len();
        plain.resize(padded(length), 0);
        let encrypted = cbc::Encryptor::<Aes256>::new(self.key.expose_secret().into(), &self.iv.into())
            .encrypt_padded::<Pkcs7>(&mut plain, length)
            .expect("the buffer was made one padding block longer than the text")
            .len();
        plain.truncate(encrypted);
        match encoding {
            Encoding::Raw => plain,
            Encoding::Base64 => self.base64.encode_in_place(plain),
        }
    }

    /// Decodes and decrypts a payload.
    ///
    /// # Errors
    /// When the payload is not base64 (protocol version 1), or was not encrypted with this key.
    pub fn decrypt(&self, body: &[u8], encoding: Encoding) -> Result<Vec<u8>, DecryptError> {
        let encrypted = match encoding {
            Encoding::Raw => body.to_vec(),
            Encoding::Base64 => self.base64.decode(body).ok_or(DecryptError::NotBase64)?,
        };
        self.decrypt_in_place(encrypted)
    }

    /// Decodes and decrypts a payload that is text. Invalid UTF-8 becomes replacement characters, as in Node.js.
    ///
    /// # Errors
    /// See [`Self::decrypt`].
    pub fn decrypt_text(&self, body: &[u8], encoding: Encoding) -> Result<String, DecryptError> {
        let plain = self.decrypt(body, encoding)?;
        Ok(String::from_utf8(plain).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn decrypt_in_place(&self, mut encrypted: Vec<u8>) -> Result<Vec<u8>, DecryptError> {
        let length = cbc::Decryptor::<Aes256>::new(self.key.expose_secret().into(), &self.iv.into())
            .decrypt_padded::<Pkcs7>(&mut encrypted)
            .map_err(|_| DecryptError::NotDecryptable)?
            .len();
        encrypted.truncate(length);
        Ok(encrypted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cipher() -> Cipher {
        Cipher::new(&"testCryptoPassword".into(), *b"iv=any16_symbols")
    }

    #[test]
    fn the_protocols_vector_holds() {
        let encrypted = cipher().encrypt(br#"{"body":{"hello":"world"}}"#.to_vec(), Encoding::Base64);
        assert_eq!(encrypted, b"axyl/YcFb4wgFzIyJ9McA9xyf/alvd9InmVcpgXq9OA=");
    }

    #[test]
    fn each_kind_of_damage_has_its_error() {
        let decrypt = |body: &[u8], encoding| cipher().decrypt(body, encoding).err();
        assert_eq!(decrypt(b"%%%%", Encoding::Base64), Some(DecryptError::NotBase64));
        assert_eq!(decrypt(b" %A", Encoding::Base64), Some(DecryptError::NotBase64));
        assert_eq!(decrypt(b"=YWJj", Encoding::Base64), Some(DecryptError::NotBase64));
        assert_eq!(decrypt(b"YWJj%", Encoding::Base64), Some(DecryptError::NotDecryptable));
        assert_eq!(decrypt(b"", Encoding::Base64), Some(DecryptError::NotDecryptable));
        assert_eq!(decrypt(b"0123456789", Encoding::Raw), Some(DecryptError::NotDecryptable));
        let foreign = Cipher::new(&"another".into(), *b"iv=any16_symbols").encrypt(b"{}".to_vec(), Encoding::Raw);
        assert_eq!(decrypt(&foreign, Encoding::Raw), Some(DecryptError::NotDecryptable));
    }

    #[test]
    fn base64_is_read_as_node_reads_it() {
        for text in [
            "axyl/YcFb4wgFzIyJ9McA9xyf/alvd9InmVcpgXq9OA=",
            " axyl/YcFb4wgFzIyJ9McA9\r\nxyf/alvd9InmVcpgXq9OA\n",
            "axyl_YcFb4wgFzIyJ9McA9xyf_alvd9InmVcpgXq9OA",
        ] {
            let decrypted = cipher().decrypt_text(text.as_bytes(), Encoding::Base64);
            assert_eq!(decrypted.as_deref(), Ok(r#"{"body":{"hello":"world"}}"#), "{text}");
        }
    }

    #[test]
    fn invalid_utf_8_is_replaced() {
        let encrypted = cipher().encrypt(b"\"\xFFx\xE2\x82\"".to_vec(), Encoding::Raw);
        assert_eq!(cipher().decrypt_text(&encrypted, Encoding::Raw).as_deref(), Ok("\"\u{FFFD}x\u{FFFD}\""));
    }

    #[test]
    fn the_debug_output_shows_no_key() {
        assert!(format!("{:?}", cipher()).contains("REDACTED"));
    }

    proptest! {
        #[test]
        fn what_is_encrypted_can_be_decrypted(plain: Vec<u8>, raw: bool) {
            let encoding = if raw { Encoding::Raw } else { Encoding::Base64 };
            let encrypted = cipher().encrypt(plain.clone(), encoding);
            prop_assert_eq!(cipher().decrypt(&encrypted, encoding).expect("decrypts"), plain);
        }
    }
}
