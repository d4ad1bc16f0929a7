//! JSON text that must not be parsed and printed again: a detour over a value sorts keys and rewrites numbers.

/// Removes the white space between the tokens of `json`. Numbers and the order of keys stay as written.
#[must_use]
pub fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|&character| {
            if in_string {
                in_string = escaped || character != '"';
                escaped = !escaped && character == '\\';
                return true;
            }
            in_string = character == '"';
            !character.is_ascii_whitespace()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_key_order_and_strings_stay_and_spaces_go() {
        let json = r#" { "z" : 1.50, "a" : "b \" c \\", "n" : [ 12345678901234567890 ] } "#;
        assert_eq!(compact(json), r#"{"z":1.50,"a":"b \" c \\","n":[12345678901234567890]}"#);
    }
}
