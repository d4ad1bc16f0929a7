//! Reads a table of headers that went around lapin. It was walked before ([`super::header::mend`]), so it is whole and not
//! deeper than that allows.

use super::header::MAX_DEPTH;
use crate::platform::headers::Value;

/// The fields of a table, its length in front; what is not readable ends it.
pub(in crate::amqp) fn read_table(bytes: &[u8]) -> Vec<(String, Value)> {
    let mut reader = Reader { bytes };
    reader.length().and_then(|length| reader.take(length)).map(|fields| table(fields, MAX_DEPTH)).unwrap_or_default()
}

fn table(fields: &[u8], depth: usize) -> Vec<(String, Value)> {
    let mut reader = Reader { bytes: fields };
    std::iter::from_fn(|| {
        let length = usize::from(*reader.take(1)?.first()?);
        let name = String::from_utf8_lossy(reader.take(length)?).into_owned();
        Some((name, reader.value(depth)?))
    })
    .collect()
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.array()?)).ok()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let [kind] = self.array()?;
        Some(match kind {
            b't' => Value::Bool(self.array::<1>()? != [0]),
            b'b' => Value::I8(i8::from_be_bytes(self.array()?)),
            b'B' => Value::U8(u8::from_be_bytes(self.array()?)),
            b's' | b'U' => Value::I16(i16::from_be_bytes(self.array()?)),
            b'u' => Value::U16(u16::from_be_bytes(self.array()?)),
            b'I' => Value::I32(i32::from_be_bytes(self.array()?)),
            b'i' => Value::U32(u32::from_be_bytes(self.array()?)),
            b'l' | b'L' => Value::I64(i64::from_be_bytes(self.array()?)),
            b'f' => Value::F32(f32::from_be_bytes(self.array()?)),
            b'd' => Value::F64(f64::from_be_bytes(self.array()?)),
            b'D' => {
                let [scale] = self.array()?;
                Value::Decimal(scale, u32::from_be_bytes(self.array()?))
            }
            b'T' => Value::Timestamp(u64::from_be_bytes(self.array()?)),
            b'V' => Value::Void,
            b'S' => Value::Text(self.block()?.to_vec()),
            b'x' => Value::Bytes(self.block()?.to_vec()),
            b'F' => Value::Table(table(self.block()?, depth.checked_sub(1)?)),
            b'A' => {
                let mut inner = Reader { bytes: self.block()? };
                let depth = depth.checked_sub(1)?;
                Value::Array(std::iter::from_fn(|| inner.value(depth)).collect())
            }
            _ => return None,
        })
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read() {
        let fields = [
            &b"\x01at\x01\x01bb\xFF\x01cs\xFF\xFE\x01dI\0\0\0\x07\x01el\0\0\0\0\0\0\0\x08"[..],
            b"\x01fd\x3F\xE0\0\0\0\0\0\0\x01gS\0\0\0\x02hi\x01hF\0\0\0\x03\x01xV\x01iA\0\0\0\x04B\x05B\x06",
        ]
        .concat();
        let bytes = [&u32::try_from(fields.len()).expect("short").to_be_bytes()[..], &fields].concat();
        let expected = [
            ("a", Value::Bool(true)),
            ("b", Value::I8(-1)),
            ("c", Value::I16(-2)),
            ("d", Value::I32(7)),
            ("e", Value::I64(8)),
            ("f", Value::F64(0.5)),
            ("g", Value::text("hi")),
            ("h", Value::Table(vec![("x".to_owned(), Value::Void)])),
            ("i", Value::Array(vec![Value::U8(5), Value::U8(6)])),
        ];
        let expected: Vec<_> = expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(read_table(&bytes), expected);
        assert!(read_table(&[0, 0, 0, 9]).is_empty());
    }
}
