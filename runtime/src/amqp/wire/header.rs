//! A content header as bytes (AMQP 0-9-1, section 4.2.6.1): whether lapin can read it, and the mending of what it cannot.
//! Pure, without recursion: the depth of a header is its sender's choice.

use std::ops::Range;

/// How deep tables and arrays may be nested in a header's value.
pub(super) const MAX_DEPTH: usize = 64;

/// Why a message's headers cannot be read.
pub(super) type Unreadable = &'static str;

const TRUNCATED: Unreadable = "a field is longer than what holds it";

/// Bytes in front of the properties: class, weight, size of the body, flags.
const FIXED: usize = 14;
/// Where the flags are.
const FLAGS: usize = 12;

/// The flags of the properties, in their order on the wire.
const SHORT_STRINGS_BEFORE_HEADERS: [u16; 2] = [1 << 15, 1 << 14];
pub(super) const HEADERS: u16 = 1 << 13;
const AFTER_HEADERS: [(u16, Kind); 11] = [
    (1 << 12, Kind::Fixed(1)),
    (1 << 11, Kind::Fixed(1)),
    (1 << 10, Kind::ShortString),
    (1 << 9, Kind::ShortString),
    (1 << 8, Kind::ShortString),
    (1 << 7, Kind::ShortString),
    (1 << 6, Kind::Fixed(8)),
    (1 << 5, Kind::ShortString),
    (1 << 4, Kind::ShortString),
    (1 << 3, Kind::ShortString),
    (1 << 2, Kind::ShortString),
];

#[derive(Clone, Copy)]
enum Kind {
    ShortString,
    Fixed(usize),
}

/// A content header that lapin can read.
pub(super) struct Mended {
    /// Where the table of headers is in the payload, its length included; `None` without one.
    pub(super) table: Option<Range<usize>>,
}

/// Makes a content header's payload readable, in place: bytes of texts that are not UTF-8 become question marks.
pub(super) fn mend(payload: &mut [u8]) -> Result<Mended, Unreadable> {
    let end = payload.len();
    let flags = payload.get(FLAGS..FIXED).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]])).ok_or(TRUNCATED)?;
    let mut walk = Walk { bytes: payload, at: FIXED };
    for flag in SHORT_STRINGS_BEFORE_HEADERS {
        if flags & flag != 0 {
            walk.short_string(end)?;
        }
    }
    let mut table = None;
    if flags & HEADERS != 0 {
        let start = walk.at;
        let length = walk.length(end)?;
        let table_end = walk.at.checked_add(length).filter(|table_end| *table_end <= end).ok_or(TRUNCATED)?;
        walk.table(table_end)?;
        table = Some(start..table_end);
    }
    for (flag, kind) in AFTER_HEADERS {
        match kind {
            _ if flags & flag == 0 => {}
            Kind::ShortString => walk.short_string(end)?,
            Kind::Fixed(size) => walk.skip(size, end)?,
        }
    }
    if walk.at < end { Err("bytes follow the last property") } else { Ok(Mended { table }) }
}

/// A payload with `body_size` of the old one and nothing but a table of headers.
pub(super) fn with_table_alone(payload: &[u8], table: &[u8]) -> Vec<u8> {
    let mut new = payload.get(..FLAGS).unwrap_or_default().to_vec();
    new.resize(FLAGS, 0);
    new.extend_from_slice(&HEADERS.to_be_bytes());
    new.extend_from_slice(table);
    new
}

/// Replaces invalid bytes of a short string that is at the beginning of `bytes`; returns where it ends.
pub(super) fn mend_short_string(bytes: &mut [u8], at: usize) -> Option<usize> {
    let end = bytes.len();
    let mut walk = Walk { bytes, at };
    walk.short_string(end).ok()?;
    Some(walk.at)
}

/// A walk through fields, which mends short strings on its way.
struct Walk<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Walk<'_> {
    fn skip(&mut self, count: usize, end: usize) -> Result<(), Unreadable> {
        self.at = self.at.checked_add(count).filter(|at| *at <= end).ok_or(TRUNCATED)?;
        Ok(())
    }

    /// A length of four bytes.
    fn length(&mut self, end: usize) -> Result<usize, Unreadable> {
        let start = self.at;
        self.skip(4, end)?;
        let bytes = &self.bytes[start..self.at];
        let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        usize::try_from(length).map_err(|_| TRUNCATED)
    }

    fn short_string(&mut self, end: usize) -> Result<(), Unreadable> {
        let start = self.at + 1;
        self.skip(1, end)?;
        self.skip(self.bytes[start - 1].into(), end)?;
        replace_invalid(&mut self.bytes[start..self.at]);
        Ok(())
    }

    /// The fields of a table that ends at `end`, and of everything in it.
    fn table(&mut self, end: usize) -> Result<(), Unreadable> {
        /// A table or an array that is not at its end.
        struct Open {
            end: usize,
            named: bool,
        }
        let mut open = vec![Open { end, named: true }];
        while let Some(&Open { end, named }) = open.last() {
            if self.at == end {
                open.pop();
                continue;
            }
            if named {
                self.short_string(end)?;
            }
            let kind = self.at;
            self.skip(1, end)?;
            match self.bytes[kind] {
                b't' | b'b' | b'B' => self.skip(1, end)?,
                b's' | b'U' | b'u' => self.skip(2, end)?,
                b'I' | b'i' | b'f' => self.skip(4, end)?,
                b'l' | b'L' | b'd' | b'T' => self.skip(8, end)?,
                b'D' => self.skip(5, end)?,
                b'V' => {}
                b'S' | b'x' => {
                    let length = self.length(end)?;
                    self.skip(length, end)?;
                }
                kind @ (b'A' | b'F') => {
                    let length = self.length(end)?;
                    let inner = self.at.checked_add(length).filter(|inner| *inner <= end).ok_or(TRUNCATED)?;
                    open.push(Open { end: inner, named: kind == b'F' });
                    if open.len() > MAX_DEPTH {
                        return Err("they are nested deeper than 64 levels");
                    }
                }
                _ => return Err("a field has an unknown type"),
            }
        }
        Ok(())
    }
}

fn replace_invalid(text: &mut [u8]) {
    // Nearly all are, and this is the shorter check.
    if text.is_ascii() {
        return;
    }
    let mut from = 0;
    while let Err(error) = std::str::from_utf8(&text[from..]) {
        let start = from + error.valid_up_to();
        let end = error.error_len().map_or(text.len(), |length| start + length);
        text[start..end].fill(b'?');
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A content header with these flags and these bytes behind them.
    fn payload(flags: u16, properties: &[u8]) -> Vec<u8> {
        let mut payload = vec![0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        payload.extend_from_slice(&flags.to_be_bytes());
        payload.extend_from_slice(properties);
        payload
    }

    fn table(fields: &[u8]) -> Vec<u8> {
        let length = u32::try_from(fields.len()).expect("a short table");
        [&length.to_be_bytes()[..], fields].concat()
    }

    fn nested(kind: u8, name: &[u8], depth: usize) -> Vec<u8> {
        let mut inner = Vec::new();
        for level in 0..depth {
            let name: &[u8] = if kind == b'F' || level + 1 == depth { name } else { &[] };
            inner = [name, &[kind], &table(&inner)].concat();
        }
        inner
    }

    #[test]
    fn text_that_is_not_utf_8_is_replaced() {
        let fields = [&b"\x02a\xFF"[..], b"S\x00\x00\x00\x01\xFE"].concat();
        let properties = [&b"\x03x\xC3("[..], &table(&fields), &b"\x02\xE2\x82"[..]].concat();
        let mut bytes = payload(1 << 15 | HEADERS | 1 << 7, &properties);
        let mended = mend(&mut bytes).expect("readable");
        let text = String::from_utf8_lossy(&bytes[14..]).into_owned();
        assert!(text.starts_with("\x03x?("), "{text:?}");
        assert!(text.contains("\x02a?S") && text.ends_with("\x02??"), "{text:?}");
        assert_eq!(mended.table.map(|table| table.len()), Some(4 + fields.len()));
        assert!(bytes.contains(&0xFE), "a long string may hold any bytes");
    }

    #[test]
    fn what_lapin_cannot_read_is_unreadable() {
        let unreadable = |flags, properties: &[u8]| mend(&mut payload(flags, properties)).is_err();
        assert!(unreadable(1 << 15, b"\x05ab"));
        assert!(unreadable(1 << 15, b"\x02abc"), "more than the flags say");
        assert!(unreadable(HEADERS, &[0, 0, 0, 9, 1]));
        assert!(unreadable(HEADERS, &table(b"\x01az")), "an unknown type");
        assert!(unreadable(HEADERS, &table(b"\x01aI\x00")), "a field longer than its table");
        assert!(unreadable(HEADERS, &table(b"\x01aF\x00\x00\x00\x09")));
        assert!(mend(&mut [0; 5]).is_err());
        for (kind, name) in [(b'F', &b"\x01a"[..]), (b'A', b"\x01a")] {
            assert!(!unreadable(HEADERS, &table(&nested(kind, name, MAX_DEPTH - 1))));
            assert!(unreadable(HEADERS, &table(&nested(kind, name, MAX_DEPTH))));
            assert!(unreadable(HEADERS, &table(&nested(kind, name, 20_000))));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(mut bytes: Vec<u8>) {
            let _ = mend(&mut bytes);
        }
    }
}
