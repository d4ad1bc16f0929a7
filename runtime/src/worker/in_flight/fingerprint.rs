//! Distinguishes the bodies of messages without keeping them.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Bytes that both hashes read before either goes on, so that a body is fetched from memory once.
const CHUNK: usize = 4096;

/// Two keyed hashes of 64 bits. The keys are random for each process, so that a sender cannot construct two bodies with
/// the same fingerprint.
pub(super) struct Fingerprinter([RandomState; 2]);

/// Equal for equal bodies, and in practice only for those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u64; 2]);

impl Fingerprinter {
    pub(super) fn new() -> Self {
        Self([RandomState::new(), RandomState::new()])
    }

    pub(super) fn of(&self, body: &[u8]) -> Fingerprint {
        let mut hashers = self.0.each_ref().map(BuildHasher::build_hasher);
        for chunk in body.chunks(CHUNK) {
            for hasher in &mut hashers {
                hasher.write(chunk);
            }
        }
        Fingerprint(hashers.map(|hasher| hasher.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts() {
        let fingerprinter = Fingerprinter::new();
        let body = vec![7; 2 * CHUNK + 1];
        let whole = fingerprinter.of(&body);
        assert_eq!(fingerprinter.of(&body.clone()), whole);
        assert_ne!(whole.0[0], whole.0[1], "each hash has its own keys");
        for at in [0, CHUNK, 2 * CHUNK] {
            let mut other = body.clone();
            other[at] = 8;
            assert_ne!(fingerprinter.of(&other), whole, "byte {at}");
        }
        assert_ne!(fingerprinter.of(&body[1..]), whole);
        assert_ne!(fingerprinter.of(b""), fingerprinter.of(&[0]));
    }
}
