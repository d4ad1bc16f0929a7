//! Masks secrets in texts. What a server says is content and may repeat what it was sent.

use std::cmp::Reverse;

use secrecy::{ExposeSecret, SecretString};

/// What stands in a text instead of a secret.
const MASK: &str = "***";
/// Shorter secrets are not looked for, since they would match ordinary words.
const SHORTEST: usize = 6;

/// The text without any of `secrets`. The longest first: one may be in another, whose rest would stay.
pub(super) fn mask(mut text: String, secrets: &[SecretString]) -> String {
    let mut secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    secrets.sort_unstable_by_key(|secret| Reverse(secret.len()));
    for secret in secrets {
        if secret.len() >= SHORTEST && text.contains(secret) {
            text = text.replace(secret, MASK);
        }
    }
    text
}

/// Shortens a text to `limit` bytes without leaving the beginning of a secret at its end.
pub(super) fn cut(mut text: String, limit: usize, secrets: &[SecretString]) -> String {
    text.truncate(boundary(&text, limit));
    let left = without_beginning(&text, secrets).len();
    text.truncate(left);
    text
}

/// The text without the beginning of a secret at its end. JSON may have closed the text that the secret is in.
fn without_beginning<'a>(text: &'a str, secrets: &[SecretString]) -> &'a str {
    let open = text.trim_end_matches(['"', '\\', char::REPLACEMENT_CHARACTER]);
    let beginning = |secret: &SecretString| {
        let secret = secret.expose_secret().as_bytes();
        (1..secret.len()).rev().find(|length| open.as_bytes().ends_with(&secret[..*length]))
    };
    match secrets.iter().filter_map(beginning).max() {
        Some(length) => &open[..boundary(open, open.len() - length)],
        None => text,
    }
}

/// The last index up to `at` that is not inside a character.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_of_a_secret_is_masked() {
        let secrets = ["a-refresh-token", "", "is"].map(SecretString::from);
        let text = "is: a-refresh-token, {\"t\":\"a-refresh-token\"}".to_owned();
        assert_eq!(mask(text, &secrets), "is: ***, {\"t\":\"***\"}");
        assert_eq!(mask("nothing here".to_owned(), &secrets), "nothing here");
        let one_in_another = ["a-token", "a-token-to-refresh"].map(SecretString::from);
        assert_eq!(mask("a-token-to-refresh".to_owned(), &one_in_another), "***");
    }

    #[test]
    fn a_cut_leaves_no_part_of_a_secret() {
        let secrets = ["a-refresh-token", "", "grün-grün"].map(SecretString::from);
        for (text, limit, want) in [
            ("as it is", 100, "as it is"),
            ("süße", 2, "s"),
            ("with a-refresh-token", 19, "with "),
            ("with a-refresh-token", 6, "with "),
            ("with a-refresh-token", 20, "with a-refresh-token"),
            ("{\"t\":\"a-refresh-tok\"", 100, "{\"t\":\""),
            ("{\"t\":\"a-refresh-\u{FFFD}\"", 100, "{\"t\":\""),
            ("ein grün-grünes", 12, "ein "),
        ] {
            assert_eq!(cut(text.to_owned(), limit, &secrets), want, "{text} {limit}");
        }
    }
}
