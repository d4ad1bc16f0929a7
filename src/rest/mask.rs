//! Masks secrets in texts. What a server says is content and may repeat what it was sent.

use secrecy::{ExposeSecret, SecretString};

/// What stands in a text instead of a secret.
const MASK: &str = "***";
/// Shorter secrets are not looked for, since they would match ordinary words.
const SHORTEST: usize = 6;

/// The text without any of `secrets`.
pub(super) fn mask(mut text: String, secrets: &[SecretString]) -> String {
    for secret in secrets.iter().map(ExposeSecret::expose_secret) {
        if secret.len() >= SHORTEST && text.contains(secret) {
            text = text.replace(secret, MASK);
        }
    }
    text
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
    }
}
