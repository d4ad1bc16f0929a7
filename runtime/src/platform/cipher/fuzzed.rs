//! Properties of decryption: anything ends, what was encrypted comes back, base64 is what Node.js reads.

use super::{Base64, Encoding, encrypted_size};
use crate::platform::fuzzed::CIPHER;

/// A body as it came from the queue; the same bytes as a payload to encrypt.
pub fn amqp_body(data: &[u8]) {
    assert!(Base64::new().decode(data).unwrap_or_default() == as_node_reads(data), "base64 is read as in Node.js");
    for encoding in [Encoding::Base64, Encoding::Raw] {
        if let Ok(plain) = CIPHER.decrypt(data, encoding) {
            assert!(plain.len() < data.len());
            let text = CIPHER.decrypt_text(data, encoding).expect("it is decrypted already");
            assert!(text == String::from_utf8_lossy(&plain));
            if encoding == Encoding::Raw {
                assert!(CIPHER.encrypt(plain, encoding) == data, "one plain text has one ciphertext");
            }
        }
        let encrypted = CIPHER.encrypt(data.to_vec(), encoding);
        assert!(encrypted.len() == encoding.payload_size(data.len()), "the size is known before");
        assert!(encrypted.len() <= encrypted_size(data.len()), "the buffer is large enough for either encoding");
        assert!(CIPHER.decrypt(&encrypted, encoding).as_deref() == Ok(data));
    }
}

/// `Buffer.from(text, "base64")`: letters of both alphabets, up to the first `=`; whatever else there is, is passed over.
fn as_node_reads(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.iter().take_while(|byte| **byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
    }
    bytes
}
