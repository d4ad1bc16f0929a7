//! What a fuzzer does to an input, as far as it needs no feedback.

use proptest::{prelude::*, sample::Index};

/// Bytes that mean something in one of the formats: ends of lengths, JSON, HTTP and addresses.
const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\xFF",
    b"\0\0\0\0",
    b"\xFF\xFF\xFF\xFF",
    b"\x7F\xFF\xFF\xFF",
    b"A\0\0\0\x05",
    b"\0F\0\0\0\x06",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"-0.0",
    b"1e999",
    b"99999999999999999999",
    b"\r\n",
    b"\r\n\r\n",
    b";",
    b"=",
    b"%",
    b"%00",
    b"@",
    b"/",
    b"\\..\\",
    b"\xC3\xA4",
    b"\xE2\x80\xAE",
    b"\xED\xA0\x80",
];

/// One change of an input.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Other bits at a place.
    Flip(Index, u8),
    /// A token more at a place.
    Insert(Index, &'static [u8]),
    /// The bytes between two places are gone.
    Remove(Index, Index),
    /// The bytes between two places come so many times more.
    Repeat(Index, Index, u8),
}

/// Some changes, one after the other.
pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let one = prop_oneof![
        (any::<Index>(), 1u8..).prop_map(|(at, bits)| Change::Flip(at, bits)),
        (any::<Index>(), proptest::sample::select(TOKENS)).prop_map(|(at, token)| Change::Insert(at, token)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Remove(from, to)),
        (any::<Index>(), any::<Index>(), 1u8..100).prop_map(|(from, to, times)| Change::Repeat(from, to, times)),
    ];
    proptest::collection::vec(one, 0..6)
}

impl Change {
    /// The input after all of `changes`.
    pub(crate) fn all(seed: &[u8], changes: &[Self]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for change in changes {
            change.apply(&mut bytes);
        }
        bytes
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        /// More makes no test better, only longer.
        const LONGEST: usize = 100_000;
        let place = |at: &Index| at.index(bytes.len() + 1);
        let between = |one: &Index, other: &Index| place(one).min(place(other))..place(one).max(place(other));
        match self {
            Self::Flip(at, bits) => {
                let at = place(at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Insert(at, token) => {
                let at = place(at);
                bytes.splice(at..at, token.iter().copied());
            }
            Self::Remove(from, to) => drop(bytes.drain(between(from, to))),
            Self::Repeat(from, to, times) => {
                let range = between(from, to);
                let more = bytes[range.clone()].repeat((*times).into());
                if bytes.len() + more.len() <= LONGEST {
                    bytes.splice(range.end..range.end, more);
                }
            }
        }
    }
}
