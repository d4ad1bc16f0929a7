//! Encryption of messages: AES-256-CBC with PKCS#7 padding, key = SHA-256 of the password (contract, section 3).
//! Must not know what a message is; it sees bytes only.

use aes::Aes256;
use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurposeConfig, Simd},
};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

/// AES block length, which is also the length of the initialisation vector, in bytes.
pub const BLOCK: usize = 16;

/// Senders disagree on padding; both forms are accepted, the padded one is written.
const BASE64: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// How a ciphertext lies in an AMQP body: chosen by the `protocolVersion` header (contract, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Protocol version 1: the base64 text of the ciphertext.
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
    base64: Simd,
}

impl Cipher {
    /// A cipher from `ELASTICIO_MESSAGE_CRYPTO_PASSWORD` and `ELASTICIO_MESSAGE_CRYPTO_IV`.
    #[must_use]
    pub fn new(password: &SecretString, iv: [u8; BLOCK]) -> Self {
        let digest = Sha256::digest(password.expose_secret().as_bytes());
        Self { key: SecretBox::new(Box::new(digest.into())), iv, base64: Simd::standard(BASE64) }
    }

    /// Encrypts `plain` in its own buffer and gives it back in the wanted encoding.
    #[must_use]
    pub fn seal(&self, mut plain: Vec<u8>, encoding: Encoding) -> Vec<u8> {
        let length = plain.len();
        plain.resize(length + BLOCK - length % BLOCK, 0);
        let sealed = cbc::Encryptor::<Aes256>::new(self.key.expose_secret().into(), &self.iv.into())
            .encrypt_padded::<Pkcs7>(&mut plain, length)
            .expect("the buffer was made one padding block longer than the text")
            .len();
        plain.truncate(sealed);
        match encoding {
            Encoding::Raw => plain,
            Encoding::Base64 => self.base64.encode(plain).into_bytes(),
        }
    }

    /// Decodes and decrypts a payload.
    ///
    /// # Errors
    /// When the payload is no base64 (protocol version 1) or was not sealed with this key.
    pub fn open(&self, body: &[u8], encoding: Encoding) -> Result<Vec<u8>, OpenError> {
        let sealed = match encoding {
            Encoding::Raw => body.to_vec(),
            Encoding::Base64 => self.base64.decode(body.trim_ascii()).map_err(|_| OpenError::NotBase64)?,
        };
        self.decrypt(sealed)
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
        assert_eq!(open(b"", Encoding::Base64), Some(OpenError::NotDecryptable));
        assert_eq!(open(b"0123456789", Encoding::Raw), Some(OpenError::NotDecryptable));
        let foreign = Cipher::new(&"another".into(), *b"iv=any16_symbols").seal(b"{}".to_vec(), Encoding::Raw);
        assert_eq!(open(&foreign, Encoding::Raw), Some(OpenError::NotDecryptable));
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
