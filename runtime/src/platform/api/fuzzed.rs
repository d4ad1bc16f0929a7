//! Properties of secrets: fields that do not matter change nothing, and nothing is printed.

use secrecy::ExposeSecret;
use serde_json::value::RawValue;

use super::{SecretAnswer, error::quoted};

/// The platform's answer with a secret; the same bytes as fields of one.
pub fn secret(data: &[u8]) {
    assert!(quoted(data).len() <= 3 * data.len() + 200, "an answer's quotation is longer than it");
    if let Ok(answer) = serde_json::from_slice::<SecretAnswer>(data) {
        let credentials = answer.data.attributes.credentials;
        let shown = format!("{credentials:?}");
        assert!(shown.len() < 40, "a secret is printed");
    }
    let Ok(field) = serde_json::from_slice::<&RawValue>(data) else { return };
    let credentials = format!(r#""access_token":"t0ken","expires_at":{field},"fields":{field},"other":{field}"#);
    let answer = [r#"{"data":{"attributes":{"credentials":{"#, &credentials, "}}}}"].concat();
    let answer: SecretAnswer = serde_json::from_str(&answer).expect("a secret");
    let credentials = answer.data.attributes.credentials;
    assert!(credentials.access_token.expose_secret() == "t0ken" && credentials.expires_in.is_none());
    let kept = |raw: Option<Box<RawValue>>| raw.map_or("null".to_owned(), |raw| raw.get().to_owned());
    assert!(kept(credentials.fields) == field.get() && kept(credentials.expires_at) == field.get());
}
