//! Rewrites JSON text in the form of `JSON.stringify(JSON.parse(text))`, without parsing it: no white space between
//! tokens, as few escapes in strings as possible, numbers unchanged.

use memchr::memchr2;

/// Appends valid JSON text `json` to `out` in compact form.
///
/// White space between tokens is dropped, escapes become the characters they stand for wherever JSON allows that
/// (`\u00fc` → `ü`, `\/` → `/`), numbers stay digit by digit. Takes one pass; text without escapes and spaces is copied
/// in whole runs. Text that is cut off is written as far as it goes.
pub fn write_compact(json: &str, out: &mut Vec<u8>) {
    let bytes = json.as_bytes();
    out.reserve(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..]
            .iter()
            .position(|byte| matches!(byte, b'"' | b' ' | b'\n' | b'\r' | b'\t'))
            .unwrap_or(bytes.len() - at);
        out.extend_from_slice(&bytes[at..at + run]);
        at += run;
        match bytes.get(at) {
            Some(b'"') => at = write_string_token(bytes, at, out),
            Some(_) => at += 1,
            None => {}
        }
    }
}

/// Copies the string token that starts at `start` (its opening quote); returns the index after its closing quote.
fn write_string_token(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> usize {
    out.push(b'"');
    let mut at = start + 1;
    loop {
        let run = memchr2(b'"', b'\\', &bytes[at..]).unwrap_or(bytes.len() - at);
        out.extend_from_slice(&bytes[at..at + run]);
        at += run;
        match bytes.get(at) {
            Some(b'\\') => at = write_escape(bytes, at, out),
            _ => break,
        }
    }
    out.push(b'"');
    at + 1
}

/// Writes the escape that starts at `at` (its backslash); returns the index after it.
fn write_escape(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    match bytes.get(at + 1) {
        Some(b'/') => {
            out.push(b'/');
            at + 2
        }
        Some(b'u') => {
            let unit = hex_unit(bytes, at + 2);
            if (0xD800..0xDC00).contains(&unit)
                && bytes.get(at + 6..at + 8) == Some(b"\\u")
                && let low @ 0xDC00..0xE000 = hex_unit(bytes, at + 8)
            {
                let point = 0x10000 + ((u32::from(unit) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                push_char(out, char::from_u32(point));
                return at + 12;
            }
            write_unit(out, unit);
            (at + 6).min(bytes.len())
        }
        Some(other) => {
            out.extend_from_slice(&[b'\\', *other]);
            at + 2
        }
        None => at + 1,
    }
}

/// Writes one UTF-16 code unit the way `JSON.stringify` does: a lone surrogate and a control character stay escaped.
fn write_unit(out: &mut Vec<u8>, unit: u16) {
    match unit {
        0x08 => out.extend_from_slice(b"\\b"),
        0x09 => out.extend_from_slice(b"\\t"),
        0x0A => out.extend_from_slice(b"\\n"),
        0x0C => out.extend_from_slice(b"\\f"),
        0x0D => out.extend_from_slice(b"\\r"),
        0x22 => out.extend_from_slice(b"\\\""),
        0x5C => out.extend_from_slice(b"\\\\"),
        0..0x20 | 0xD800..0xE000 => out.extend_from_slice(format!("\\u{unit:04x}").as_bytes()),
        _ => push_char(out, char::from_u32(u32::from(unit))),
    }
}

fn push_char(out: &mut Vec<u8>, char: Option<char>) {
    let char = char.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The number in the four hexadecimal digits at `at`. Valid JSON has them; anything else is read as U+FFFD.
fn hex_unit(bytes: &[u8], at: usize) -> u16 {
    bytes
        .get(at..at + 4)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .unwrap_or(0xFFFD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compact(json: &str) -> String {
        let mut out = Vec::new();
        write_compact(json, &mut out);
        String::from_utf8(out).expect("compact JSON is UTF-8")
    }

    #[test]
    fn text_is_compacted_as_javascript_does() {
        for (from, to) in [
            (
                r#"{"big": 12345678901234567, "dec": 1.50, "neg": -0.0, "exp": 1E+2}"#,
                r#"{"big":12345678901234567,"dec":1.50,"neg":-0.0,"exp":1E+2}"#,
            ),
            ("[ 1 ,\n\t2 ]", "[1,2]"),
            (r#""\u00fc\/ \u0041 a b""#, r#""ü/ A a b""#),
            (r#""\ud83d\ude00 \ud800 \udc00x""#, r#""😀 \ud800 \udc00x""#),
            (r#""\u0008\u0009\u000A\u000c\r\u001F\u0022\u005c\u007f""#, "\"\\b\\t\\n\\f\\r\\u001f\\\"\\\\\u{7f}\""),
            (r#""\\u0041 \" x""#, r#""\\u0041 \" x""#),
            (r#"{"a b": "c  d"}"#, r#"{"a b":"c  d"}"#),
        ] {
            assert_eq!(compact(from), to);
        }
    }

    proptest! {
        #[test]
        fn the_value_stays_the_same(text in "\\PC*", number: i64, nested in proptest::collection::vec("[\\x00-\\x7f]*", 0..4)) {
            let value = serde_json::json!({ "t": text, "n": number, "l": nested });
            let pretty = serde_json::to_string_pretty(&value).expect("serializes");
            prop_assert_eq!(compact(&pretty), serde_json::to_string(&value).expect("serializes"));
        }

        #[test]
        fn cut_text_is_written_as_far_as_it_goes(text in "\\PC*", at in 0usize..100) {
            let json = serde_json::to_string(&[text.as_str(), "\u{1}\u{1F600}"]).expect("serializes");
            let escaped = json.replace('\u{1F600}', "\\ud83d\\ude00");
            let end = (0..=escaped.len().saturating_sub(at)).rev().find(|at| escaped.is_char_boundary(*at)).unwrap_or(0);
            let cut = compact(&escaped[..end]);
            prop_assert!(json.starts_with(cut.trim_end_matches(['"', '\u{FFFD}', '\\'])) || cut.contains("\\ud83d"), "{}", cut);
        }

        #[test]
        fn compact_text_stays_as_it_is(text in "\\PC*") {
            let once = serde_json::to_string(&text).expect("serializes");
            prop_assert_eq!(compact(&once), once);
        }
    }
}
