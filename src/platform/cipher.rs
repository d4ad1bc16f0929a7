//! Encryption of messages: AES-256-CBC with PKCS#7 padding, key = SHA-256 of the password (contract, section 3).
//! Must not know what a message is; it sees bytes only.

use aes::Aes256;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

mod text;

use text::{Base64, encoded};

/// AES block length, which is also the length of the initialisation vector, in bytes.
pub const BLOCK: usize = 16;

/// Length of `length` bytes with PKCS#7 padding.
const fn padded(length: usize) -> usize {
    length + BLOCK - length % BLOCK
}

/// Room for `length` bytes once they are sealed, in either encoding: a buffer of this capacity is not moved.
#[must_use]
pub const fn sealed_room(length: usize) -> usize {
    encoded(padded(length))
}

/// How a ciphertext lies in an AMQP body: chosen by the `protocolVersion` header (contract, section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Protocol version 1: the base64 text of the ciphertext.
    #[default]
    Base64,
    /// Protocol version 2: the ciphertext itself.
    Raw,
}

impl Encoding {
    /// The encoding of a protocol version: below 2 base64, else raw.
    #[must_use]
    pub fn of_version(version: u64) -> Self {
        if version < 2 { Self::Base64 } else { Self::Raw }
    }
}

/// Why a payload could not be opened. Never says anything of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The body is no base64 text.
    #[error("the body is not base64 text, which protocol version 1 demands")]
    NotBase64,
    /// The parts of an error message are no JSON.
    #[error("the body is not the JSON of an error message, which ELASTICIO_INPUT_FORMAT=error demands")]
    NotJson,
    /// Wrong length, key, or initialisation vector.
    #[error(
        "the body cannot be decrypted: it was not encrypted with this flow's ELASTICIO_MESSAGE_CRYPTO_PASSWORD and _IV, or it is damaged"
    )]
    NotDecryptable,
}

/// The cipher of one flow. Holds the key as a secret; its debug print shows nothing of it.
#[derive(Debug)]
pub struct Cipher {
    key: SecretBox<[u8; 32]>,
    iv: [u8; BLOCK],
    base64: Base64,
}

impl Cipher {
    /// A cipher from `ELASTICIO_MESSAGE_CRYPTO_PASSWORD` and `ELASTICIO_MESSAGE_CRYPTO_IV`.
    #[must_use]
    pub fn new(password: &SecretString, iv: [u8; BLOCK]) -> Self {
        let digest = Sha256::digest(password.expose_secret().as_bytes());
        Self { key: SecretBox::new(Box::new(digest.into())), iv, base64: Base64::new() }
    }

    /// Encrypts `plain` and gives it back in the wanted encoding, all in its own buffer: it grows only when it has no
    /// room for [`sealed_room`].
    #[must_use]
    pub fn seal(&self, mut plain: Vec<u8>, encoding: Encoding) -> Vec<u8> {
        let length = plain.len();
        plain.resize(padded(length), 0);
        let sealed = cbc::Encryptor::<Aes256>::new(self.key.expose_secret().into(), &self.iv.into())
            .encrypt_padded::<Pkcs7>(&mut plain, length)
            .expect("the buffer was made one padding block longer than the text")
            .len();
        plain.truncate(sealed);
        match encoding {
            Encoding::Raw => plain,
            Encoding::Base64 => self.base64.encode_in_place(plain),
        }
    }

    /// Decodes and decrypts a payload.
    ///
    /// # Errors
    /// When the payload is no base64 (protocol version 1) or was not sealed with this key.
    pub fn open(&self, body: &[u8], encoding: Encoding) -> Result<Vec<u8>, OpenError> {
        let sealed = match encoding {
            Encoding::Raw => body.to_vec(),
            Encoding::Base64 => self.base64.decode(body).ok_or(OpenError::NotBase64)?,
        };
        self.decrypt(sealed)
    }

    /// Decodes and decrypts a payload that is text. Bytes that are no UTF-8 become replacement characters, as in
    /// Node.js.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn open_text(&self, body: &[u8], encoding: Encoding) -> Result<String, OpenError> {
        let plain = self.open(body, encoding)?;
        Ok(String::from_utf8(plain).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn decrypt(&self, mut sealed: Vec<u8>) -> Result<Vec<u8>, OpenError> {
        let length = cbc::Decryptor::<Aes256>::new(self.key.expose_secret().into(), &self.iv.into())
            .decrypt_padded::<Pkcs7>(&mut sealed)
            .map_err(|_| OpenError::NotDecryptable)?
            .len();
        sealed.truncate(length);
        Ok(sealed)
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
    fn the_contracts_vector_holds() {
        let sealed = cipher().seal(br#"{"body":{"hello":"world"}}"#.to_vec(), Encoding::Base64);
        assert_eq!(sealed, b"axyl/YcFb4wgFzIyJ9McA9xyf/alvd9InmVcpgXq9OA=");
    }

    #[test]
    fn damage_is_told_apart() {
        let open = |body: &[u8], encoding| cipher().open(body, encoding).err();
        assert_eq!(open(b"%%%%", Encoding::Base64), Some(OpenError::NotBase64));
        assert_eq!(open(b" %A", Encoding::Base64), Some(OpenError::NotBase64));
        assert_eq!(open(b"=YWJj", Encoding::Base64), Some(OpenError::NotBase64));
        assert_eq!(open(b"YWJj%", Encoding::Base64), Some(OpenError::NotDecryptable));
        assert_eq!(open(b"", Encoding::Base64), Some(OpenError::NotDecryptable));
        assert_eq!(open(b"0123456789", Encoding::Raw), Some(OpenError::NotDecryptable));
        let foreign = Cipher::new(&"another".into(), *b"iv=any16_symbols").seal(b"{}".to_vec(), Encoding::Raw);
        assert_eq!(open(&foreign, Encoding::Raw), Some(OpenError::NotDecryptable));
    }

    #[test]
    fn base64_is_read_as_node_reads_it() {
        for text in [
            "axyl/YcFb4wgFzIyJ9McA9xyf/alvd9InmVcpgXq9OA=",
            " axyl/YcFb4wgFzIyJ9McA9\r\nxyf/alvd9InmVcpgXq9OA\n",
            "axyl_YcFb4wgFzIyJ9McA9xyf_alvd9InmVcpgXq9OA",
        ] {
            let opened = cipher().open_text(text.as_bytes(), Encoding::Base64);
            assert_eq!(opened.as_deref(), Ok(r#"{"body":{"hello":"world"}}"#), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let sealed = cipher().seal(b"\"\xFFx\xE2\x82\"".to_vec(), Encoding::Raw);
        assert_eq!(cipher().open_text(&sealed, Encoding::Raw).as_deref(), Ok("\"\u{FFFD}x\u{FFFD}\""));
    }

    #[test]
    fn the_debug_print_shows_no_key() {
        assert!(format!("{:?}", cipher()).contains("REDACTED"));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(plain: Vec<u8>, raw: bool) {
            let encoding = if raw { Encoding::Raw } else { Encoding::Base64 };
            let sealed = cipher().seal(plain.clone(), encoding);
            prop_assert_eq!(cipher().open(&sealed, encoding).expect("opens"), plain);
        }
    }
}
