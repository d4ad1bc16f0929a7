//! What a file is called: the name in a `content-disposition` header (RFC 6266), or the end of an address. A name from
//! elsewhere is only a name: no path, no control characters, and not long. Pure.

use std::borrow::Cow;

use percent_encoding::{percent_decode, percent_decode_str};
use url::Url;

/// The longest name that is taken from elsewhere, in bytes: what file systems take.
const MAX_NAME: usize = 255;
/// The longest extension that is kept when a name is cut, in bytes, with its dot.
const MAX_EXTENSION: usize = 16;

/// The name in a `content-disposition` header: `filename*` if it is well-formed, else `filename` (RFC 6266, section 4.3).
pub(super) fn of_disposition(header: &[u8]) -> Option<String> {
    let header = text(header);
    let parameters: Vec<(String, Cow<'_, str>)> = parameters(&header).collect();
    let named = |name: &str| parameters.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value);
    let extended = named("filename*").and_then(|value| extended(value)).as_deref().and_then(plain);
    extended.or_else(|| named("filename").and_then(|value| plain(value)))
}

/// The last segment of an address's path, decoded.
pub(super) fn of_address(url: &Url) -> Option<String> {
    let segment = url.path().rsplit('/').next()?;
    match percent_decode_str(segment).decode_utf8() {
        Ok(decoded) => plain(&decoded),
        Err(_) => plain(segment),
    }
}

/// Header values are UTF-8 or, as HTTP once said, ISO-8859-1 (RFC 9110, section 5.5).
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(latin1(bytes)),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The parameters of a header (RFC 9110, section 5.6.6), with names in lower case. What is malformed is passed over.
fn parameters(header: &str) -> impl Iterator<Item = (String, Cow<'_, str>)> {
    let mut rest = header;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (part, after) = split_part(rest);
            rest = after;
            if let Some((name, value)) = part.split_once('=') {
                return Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())));
            }
        }
        None
    })
}

/// The text up to the next semicolon outside of quotes, and what follows it.
fn split_part(text: &str) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// A value without its quotes. Only quotes and backslashes are unescaped: some servers send a Windows path unescaped.
fn unquoted(value: &str) -> Cow<'_, str> {
    let Some(quoted) = value.strip_prefix('"') else { return Cow::Borrowed(value) };
    let quoted = quoted.strip_suffix('"').unwrap_or(quoted);
    let mut plain = String::with_capacity(quoted.len());
    let mut chars = quoted.chars().peekable();
    while let Some(char) = chars.next() {
        match chars.peek() {
            Some(&next @ ('"' | '\\')) if char == '\\' => {
                plain.push(next);
                chars.next();
            }
            _ => plain.push(char),
        }
    }
    Cow::Owned(plain)
}

/// Decodes `charset'language'value` (RFC 8187, section 3.2).
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Cow<'_, [u8]> = percent_decode(encoded.as_bytes()).into();
    if charset.eq_ignore_ascii_case("UTF-8") {
        String::from_utf8(bytes.into_owned()).ok()
    } else if charset.eq_ignore_ascii_case("ISO-8859-1") {
        Some(latin1(&bytes))
    } else {
        None
    }
}

/// A name from elsewhere as a plain one: without its path, without control characters, at most [`MAX_NAME`] bytes
/// (RFC 6266, section 4.3). `None` if nothing is left.
fn plain(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|char| !is_invisible(*char)).collect();
    let name = name.rsplit(['/', '\\']).next()?.trim();
    if name.is_empty() || name.chars().all(|char| char == '.') {
        return None;
    }
    if name.len() <= MAX_NAME {
        return Some(name.to_owned());
    }
    let dot = name.rfind('.').filter(|at| name.len() - at <= MAX_EXTENSION).unwrap_or(name.len());
    let extension = &name[dot..];
    let stem = (0..=MAX_NAME - extension.len()).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    // The cut may leave white space at the end, or nothing but dots.
    plain(&format!("{}{extension}", &name[..stem]))
}

/// Control characters, line separators, and the marks that reverse how a name reads.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dispositions() {
        for (header, name) in [
            (r#"attachment; filename="report.pdf""#, Some("report.pdf")),
            ("attachment; filename=report.pdf", Some("report.pdf")),
            ("inline;FileName = report.pdf ; size=3", Some("report.pdf")),
            (r#"attachment; filename="a;b=c.txt"; x=y"#, Some("a;b=c.txt")),
            (r#"attachment; filename="say \"hi\".txt""#, Some("say \"hi\".txt")),
            (r#"attachment; filename="open.txt"#, Some("open.txt")),
            (r#"filename="no-type.txt""#, Some("no-type.txt")),
            ("attachment; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt", Some("naïve €.txt")),
            ("attachment; filename*=utf-8'en'a.txt; filename=b.txt", Some("a.txt")),
            ("attachment; filename=b.txt; filename*=UTF-8''a%3Bc.txt", Some("a;c.txt")),
            (r#"attachment; filename*="UTF-8''quoted.txt""#, Some("quoted.txt")),
            ("attachment; filename*=ISO-8859-1''%A3.txt", Some("£.txt")),
            ("attachment; filename*=UTF-8''%FF.txt; filename=b.txt", Some("b.txt")),
            ("attachment; filename*=UTF-16''a.txt; filename=b.txt", Some("b.txt")),
            ("attachment; filename*=nonsense; filename=b.txt", Some("b.txt")),
            ("attachment; filename*=UTF-8''..; filename=b.txt", Some("b.txt")),
            ("attachment; filename=\"käse.txt\"", Some("käse.txt")),
            (r#"attachment; filename="../../etc/passwd""#, Some("passwd")),
            (r#"attachment; filename="C:\\dir\\file.txt""#, Some("file.txt")),
            (r#"attachment; filename="C:\dir\file.txt""#, Some("file.txt")),
            ("attachment; filename*=UTF-8''..%2F..%2Fa.txt", Some("a.txt")),
            ("attachment; filename*=UTF-8''a%0D%0Ab%00%1B.txt", Some("ab.txt")),
            ("attachment; filename*=UTF-8''a%E2%80%AEfdp.exe", Some("afdp.exe")),
            (r#"attachment; filename="""#, None),
            (r#"attachment; filename=".""#, None),
            (r#"attachment; filename="..""#, None),
            (r#"attachment; filename="dir/""#, None),
            ("attachment", None),
            ("", None),
            (";;=;\"", None),
        ] {
            assert_eq!(of_disposition(header.as_bytes()).as_deref(), name, "{header}");
        }
        assert_eq!(of_disposition(b"attachment; filename=\"k\xe4se.txt\"").as_deref(), Some("käse.txt"));
    }

    #[test]
    fn names_of_addresses_are_decoded() {
        for (url, name) in [
            ("http://h/x/y.txt?z=a/b.pdf#c/d", Some("y.txt")),
            ("http://h/gr%C3%BCn%20k%C3%A4se.txt", Some("grün käse.txt")),
            ("http://h/a%2Fb%5Cc.txt", Some("c.txt")),
            ("http://h/%2e%2e%2fetc", Some("etc")),
            ("http://h/%FF.txt", Some("%FF.txt")),
            ("http://h/a%0D%0Ab.txt", Some("ab.txt")),
            ("http://h/100%.txt", Some("100%.txt")),
            ("http://h/", None),
            ("http://h/x/", None),
            ("http://h/%20", None),
        ] {
            assert_eq!(of_address(&Url::parse(url).expect("an address")).as_deref(), name, "{url}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let long = plain(&format!("{}.tar.gz", "ä".repeat(300))).expect("a name");
        assert!(long.len() <= MAX_NAME && long.len() > MAX_NAME - 2 && long.ends_with("ä.gz"), "{long}");
        let long = plain(&format!("a.{}", "b".repeat(300))).expect("a name");
        assert_eq!(long.len(), MAX_NAME);
        let spaced = plain(&format!("{}{}b", "a".repeat(250), " ".repeat(50)));
        assert_eq!(spaced, Some("a".repeat(250)), "no white space at the end");
        assert_eq!(plain(&format!("{}b.", ".".repeat(300))), None, "no name of dots alone");
    }
}
