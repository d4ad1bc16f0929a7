//! Distinguishes the bodies of messages without keeping them.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// A keyed hash of 128 bits. The key is random for each process, so that a sender cannot construct two bodies with the
/// same fingerprint.
pub(super) struct Fingerprinter(SipHasher13);

/// Equal for equal bodies, and in practice only for those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u128);

impl Fingerprinter {
    pub(super) fn new() -> Self {
        Self(SipHasher13::new_with_key(&rand::random()))
    }

    pub(super) fn of(&self, body: &[u8]) -> Fingerprint {
        let mut hasher = self.0;
        hasher.write(body);
        Fingerprint(hasher.finish128().as_u128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts() {
        let fingerprinter = Fingerprinter::new();
        let body = vec![7; 8193];
        let whole = fingerprinter.of(&body);
        assert_eq!(fingerprinter.of(&body.clone()), whole);
        assert_ne!(Fingerprinter::new().of(&body), whole, "each has its own key");
        for at in [0, 4096, 8192] {
            let mut other = body.clone();
            other[at] = 8;
            assert_ne!(fingerprinter.of(&other), whole, "byte {at}");
        }
        assert_ne!(fingerprinter.of(&body[1..]), whole);
        assert_ne!(fingerprinter.of(b""), fingerprinter.of(&[0]));
    }
}
