//! Byte order marks, which some editors and shells write before a text.

/// `text` without a UTF-8 byte order mark; an error that says what to do if the mark is that of UTF-16.
pub(super) fn without_mark(text: &[u8]) -> Result<&[u8], &'static str> {
    if text.starts_with(&[0xFF, 0xFE]) || text.starts_with(&[0xFE, 0xFF]) {
        return Err("is UTF-16; save it as UTF-8");
    }
    Ok(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mark_at_the_beginning_matters() {
        for (text, want) in [
            (&b"\xEF\xBB\xBF{}"[..], Ok(&b"{}"[..])),
            (b"{}", Ok(b"{}")),
            (b"", Ok(b"")),
            (b"\xEF\xBB", Ok(b"\xEF\xBB")),
            (b"{\xEF\xBB\xBF}", Ok(b"{\xEF\xBB\xBF}")),
            (b"\xFF\xFE{\0}\0", Err("is UTF-16; save it as UTF-8")),
            (b"\xFE\xFF\0{\0}", Err("is UTF-16; save it as UTF-8")),
        ] {
            assert_eq!(without_mark(text), want);
        }
    }
}
