//! Ciphertexts as base64: encoded in their own buffer, decoded as leniently as Node.js does.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurposeConfig, Simd},
};

/// Senders disagree on padding, so both forms are accepted, and trailing bits too. The padded form is written.
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Bytes that are encoded per step; a multiple of 3, so that only the last piece is padded.
const PIECE: usize = 3 * 512;

/// Length of the base64 text of `length` bytes.
pub(super) const fn encoded(length: usize) -> usize {
    length.div_ceil(3) * 4
}

/// Encodes and decodes base64 in the standard alphabet.
#[derive(Debug)]
pub(super) struct Base64(Simd);

impl Base64 {
    pub(super) fn new() -> Self {
        Self(Simd::standard(CONFIG))
    }

    /// Encodes `bytes` in their own buffer: they move to its end, and the text grows from its beginning without ever
    /// reaching bytes that are yet to be encoded.
    pub(super) fn encode_in_place(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let length = bytes.len();
        bytes.resize(encoded(length), 0);
        let gap = bytes.len() - length;
        bytes.copy_within(..length, gap);
        let mut piece = [0; PIECE];
        for start in (0..length).step_by(PIECE) {
            let piece = &mut piece[..PIECE.min(length - start)];
            piece.copy_from_slice(&bytes[gap + start..gap + start + piece.len()]);
            self.0.encode_slice(piece, &mut bytes[start / 3 * 4..]).expect("the buffer was made as long as the text");
        }
        bytes
    }

    /// Decodes a text; `None` when it is not base64 at all.
    pub(super) fn decode(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.0.decode(text.trim_ascii()).ok().or_else(|| self.decode_leniently(text))
    }

    /// Decodes as Node.js does: accepts both alphabets, skips other characters, and ends at `=`.
    fn decode_leniently(&self, text: &[u8]) -> Option<Vec<u8>> {
        let letter = |byte: &u8| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => Some(*byte),
            _ => None,
        };
        let mut letters: Vec<u8> = text.iter().take_while(|byte| **byte != b'=').filter_map(letter).collect();
        // A single letter is not enough for a byte.
        if letters.len() % 4 == 1 {
            letters.pop();
        }
        self.0.decode(&letters).ok().filter(|bytes| !bytes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    #[test]
    fn texts_are_read_as_node_reads_them() {
        let decode = |text: &str| Base64::new().decode_leniently(text.as_bytes());
        for (text, bytes) in [
            ("YWJj\nZ GVm", "abcdef"),
            ("YWJj%ZGVm", "abcdef"),
            ("YWJjZA", "abcd"),
            ("YWJjZB==", "abcd"),
            ("YQ==YQ==", "a"),
            ("YW=JjZGVm", "a"),
            ("%YWJjZ", "abc"),
        ] {
            assert_eq!(decode(text).expect(text), bytes.as_bytes(), "{text}");
        }
        assert_eq!(decode("-_-_"), decode("+/+/"));
    }

    proptest! {
        #[test]
        fn a_buffer_with_enough_room_is_not_moved(length in 0usize..3 * PIECE, byte: u8) {
            let mut bytes = Vec::with_capacity(encoded(length));
            bytes.resize(length, byte);
            let (at, expected) = (bytes.as_ptr(), STANDARD.encode(&bytes));
            let text = Base64::new().encode_in_place(bytes);
            prop_assert_eq!(text.as_ptr(), at);
            prop_assert_eq!(text, expected.into_bytes());
        }
    }
}
