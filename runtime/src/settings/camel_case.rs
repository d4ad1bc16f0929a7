//! Names of the additional variables as header names (protocol, section 1.31): the `ELASTICIO_` prefix is dropped, the
//! rest is turned to camel case as lodash's `camelCase` does. Names of variables are ASCII; other characters separate
//! words.

/// `ELASTICIO_FLOW_TYPE` → `flowType`, `OTHER_VAR` → `otherVar`.
pub(super) fn header_name(variable: &str) -> String {
    let mut rest = variable.strip_prefix("ELASTICIO_").unwrap_or(variable);
    let mut name = String::with_capacity(rest.len());
    while let Some(start) = rest.find(|char: char| char.is_ascii_alphanumeric()) {
        rest = &rest[start..];
        let (word, after) = rest.split_at(word_length(rest.as_bytes()));
        rest = after;
        let first = name.len();
        name.push_str(&word.to_ascii_lowercase());
        if first > 0 {
            name[first..=first].make_ascii_uppercase();
        }
    }
    name
}

/// Length of the word that `text` begins with: digits, with an ordinal's ending; lower-case letters, with one capital
/// before them; capitals, except for the one that begins the next word.
fn word_length(text: &[u8]) -> usize {
    let run = |from: usize, class: fn(&u8) -> bool| text[from..].iter().take_while(|byte| class(byte)).count();
    let digits = run(0, u8::is_ascii_digit);
    if let Some(last) = digits.checked_sub(1) {
        return digits + ordinal_ending(text[last], &text[digits..]);
    }
    let capitals = run(0, u8::is_ascii_uppercase);
    match (capitals, run(capitals, u8::is_ascii_lowercase)) {
        (_, 0) => capitals,
        (0 | 1, small) => capitals + small,
        (_, _) => capitals - 1,
    }
}

/// Length of `st`, `nd`, `rd` or `th` after a number that ends in `digit`, if the word ends there: `1st`, `4TH`.
fn ordinal_ending(digit: u8, text: &[u8]) -> usize {
    let ending: [&[u8]; 2] = match digit {
        b'1' => [b"st", b"ST"],
        b'2' => [b"nd", b"ND"],
        b'3' => [b"rd", b"RD"],
        _ => [b"th", b"TH"],
    };
    let ends = |class: fn(&u8) -> bool| text.get(2).is_none_or(|next| !next.is_ascii_digit() && !class(next));
    let small = text.starts_with(ending[0]) && ends(u8::is_ascii_lowercase);
    let capital = text.starts_with(ending[1]) && ends(u8::is_ascii_uppercase);
    if small || capital { 2 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::header_name;

    #[test]
    fn names_turn_to_camel_case() {
        for (variable, name) in [
            ("ELASTICIO_FLOW_TYPE", "flowType"),
            ("OTHER_VAR", "otherVar"),
            ("ELASTICIO__X", "x"),
            ("myVar", "myVar"),
            ("ELASTICIO_V2API", "v2Api"),
            ("ELASTICIO_S3_BUCKET2X", "s3Bucket2X"),
            ("HTTPServer", "httpServer"),
            ("AWS_S3", "awsS3"),
            ("a2bC3d", "a2BC3D"),
            ("THE_1ST_2nd_11TH_3RDx_4thing", "the1st2nd11Th3rdX4Thing"),
            ("_x.y-z", "xYZ"),
            ("__", ""),
        ] {
            assert_eq!(header_name(variable), name, "{variable}");
        }
    }
}
