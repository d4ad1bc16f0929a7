//! Writes the value of a log field so that it stays within its line: characters that end a line, control a terminal or
//! reverse the order of what is read are escaped, and a long value is cut.

use std::fmt::{self, Write};

/// The most bytes of a field's value in a log line.
pub(super) const MAX_VALUE: usize = 8192;

/// Writes a value into `out`.
pub(super) fn write(out: &mut dyn Write, value: &dyn fmt::Debug) -> fmt::Result {
    cut(&mut Escaped { out }, value, MAX_VALUE)
}

/// Writes at most `most` bytes of a value into `out`, and how many more there are.
pub(super) fn cut(out: &mut dyn Write, value: &dyn fmt::Debug, most: usize) -> fmt::Result {
    let mut cutter = Cutter { out, left: most, cut: 0 };
    write!(cutter, "{value:?}")?;
    match cutter.cut {
        0 => Ok(()),
        cut => write!(out, "… ({cut} more bytes)"),
    }
}

struct Cutter<'a> {
    out: &'a mut dyn Write,
    /// Bytes of the value that may still be written.
    left: usize,
    /// Bytes that were not.
    cut: usize,
}

impl Write for Cutter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut fits = text.len().min(self.left);
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        let (kept, cut) = text.split_at(fits);
        // What is cut stays cut, even if the next piece would fit.
        self.left = if cut.is_empty() { self.left - fits } else { 0 };
        self.cut += cut.len();
        self.out.write_str(kept)
    }
}

struct Escaped<'a> {
    out: &'a mut dyn Write,
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, char)) = rest.char_indices().find(|(_, char)| is_unsafe(*char)) {
            self.out.write_str(&rest[..at])?;
            write!(self.out, "{}", char.escape_default())?;
            rest = &rest[at + char.len_utf8()..];
        }
        self.out.write_str(rest)
    }
}

/// Control characters (C0, DEL, C1: line breaks and escape sequences are among them), Unicode's line and paragraph separators,
/// and invisible characters: marks that change the direction of the text (UAX #9, section 2), tags, zero-width characters.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &dyn fmt::Debug) -> String {
        let mut out = String::new();
        write(&mut out, value).expect("writing to a string works");
        out
    }

    #[test]
    fn a_value_stays_within_its_line() {
        for (value, shown) in [
            ("plain text, käse 日本 😀", "plain text, käse 日本 😀"),
            ("a\nb\r\nc\td", r"a\nb\r\nc\td"),
            ("a\u{1b}[31mred\u{1b}[0m", r"a\u{1b}[31mred\u{1b}[0m"),
            ("a\u{9b}31m\u{7f}\0\u{8}", r"a\u{9b}31m\u{7f}\u{0}\u{8}"),
            ("a\u{85}b\u{2028}c\u{2029}d\u{b}\u{c}", r"a\u{85}b\u{2028}c\u{2029}d\u{b}\u{c}"),
            ("a\u{202e}fdp.exe\u{2066}\u{200f}", r"a\u{202e}fdp.exe\u{2066}\u{200f}"),
            ("\u{feff}a\u{200b}\u{e0041}", r"\u{feff}a\u{200b}\u{e0041}"),
        ] {
            assert_eq!(written(&format_args!("{value}")), shown);
            // The debug print of a text escapes them itself, once.
            assert_eq!(written(&value).matches('\\').count(), shown.matches('\\').count(), "{value:?}");
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let long = "ä".repeat(MAX_VALUE);
        let shown = written(&format_args!("x{long}{}", "end"));
        let kept = shown.strip_suffix(&format!("… ({} more bytes)", MAX_VALUE + 5)).expect("the note");
        assert_eq!(kept, &format!("x{long}")[..MAX_VALUE - 1]);
        assert_eq!(written(&format_args!("{}", "a".repeat(MAX_VALUE))), "a".repeat(MAX_VALUE));
    }
}
