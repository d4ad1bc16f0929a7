//! Properties of credentials, and of what answers ask for.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{
    OAuth, RetryFields,
    access_token::AccessToken,
    expiry::Expiry,
    mask::{cut, mask},
};

pub use super::retry_after::fuzzed::retry_after;

/// A credential as JSON; the same bytes as text with secrets in it.
pub fn credential(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    masked(&text);
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(data) else { return };
    let (retries, delay) = RetryFields::read(&fields).or(RetryFields::default());
    assert!(retries <= 1000 && delay <= Duration::from_secs(24 * 60 * 60), "a retry field is out of its bounds");
    expiry(&mut fields);
    fields.insert("access_token".to_owned(), json!("s3cret-1"));
    fields.insert("refresh_token".to_owned(), json!("s3cret-2"));
    let oauth = OAuth::read(fields.clone()).expect("a credential");
    assert!(!format!("{oauth:?}").contains("s3cret") && oauth.fields == fields, "a token is printed or a field lost");
    token(&oauth.access_token);
    token(&text.into_owned().into());
}

fn token(secret: &SecretString) {
    if let Ok(token) = AccessToken::new(secret.clone(), RetryFields::default(), None) {
        let shown = format!("{token:?}");
        assert!(secret.expose_secret().len() < 6 || !shown.contains(secret.expose_secret()), "a token is printed");
        assert!(token.is(secret) && token.authorization.is_sensitive());
    }
}

fn expiry(fields: &mut Map<String, Value>) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    let expiry = Expiry::of(fields);
    for random in [0.0, 0.5, 1.0] {
        let (stored, new) = (expiry.of_stored(now, random), expiry.of_new(now, random));
        assert!(new.is_none() || stored.is_some(), "a new token says more than a stored one");
        assert!(new.is_none_or(|wait| wait >= Duration::from_secs(10)), "a new token is due at once");
    }
    // What is stored says the same, whenever it is read.
    let had = fields.contains_key("expires_at");
    expiry.write(fields, now);
    assert!(had || !fields.contains_key("expires_at"));
    fields.remove("expires_in");
    let (again, once) = (Expiry::of(fields), fields.clone());
    again.write(fields, now);
    assert!(fields.len() <= once.len());
}

/// Words of the text as secrets in it. Tokens have none of the characters that end a cut text.
fn masked(text: &str) {
    let ends = ['*', '"', '\\', char::REPLACEMENT_CHARACTER];
    let words: BTreeSet<&str> = text.split_whitespace().filter(|word| !word.contains(ends)).take(8).collect();
    let secrets: Vec<SecretString> = words.iter().map(|word| SecretString::from(*word)).collect();
    let limit = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let short = cut(text.to_owned(), limit, &secrets);
    assert!(short.len() <= limit && text.starts_with(&short), "a cut text is another one");
    for word in words.iter().filter(|word| word.len() >= 6) {
        assert!(mask((*word).to_owned(), &secrets) == "***", "a part of a secret is left");
        let across = text.match_indices(word).find(|(at, _)| (*at + 1..*at + word.len()).contains(&limit));
        assert!(across.is_none_or(|(at, _)| short.len() <= at), "the beginning of a secret is left");
    }
}
