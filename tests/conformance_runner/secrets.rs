//! The secrets of a scenario, which must not appear in the worker's output.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use podio_test_support::cipher;
use podio_test_support::environment::{API_KEY, API_USERNAME, STORAGE_TOKEN};
use serde_json::Value;

/// The fields of a scenario that are secrets.
const SECRET_KEYS: [&str; 4] = ["access_token", "refresh_token", "client_secret", "PODIO_CLIENT_SECRET"];
/// Shorter secrets (a scenario's refresh token is `r`) cannot be distinguished from ordinary text.
const LEAST_LENGTH: usize = 4;

/// Strings that the worker's output must not contain.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// The secrets in a scenario's file, and those of every worker's environment.
    pub(crate) fn of(scenario: &Value) -> Self {
        let basic = STANDARD.encode(format!("{API_USERNAME}:{API_KEY}"));
        let mut secrets: Vec<String> =
            [API_KEY, STORAGE_TOKEN, cipher::PASSWORD, cipher::IV, &basic].map(str::to_owned).into();
        collect(scenario, &mut secrets);
        secrets.retain(|secret| secret.len() >= LEAST_LENGTH);
        Self(secrets)
    }

    /// The lines that contain a secret.
    pub(crate) fn leaks<'a>(&'a self, log: &'a [String]) -> impl Iterator<Item = &'a String> {
        log.iter().filter(|line| self.0.iter().any(|secret| line.contains(secret)))
    }
}

fn collect(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if SECRET_KEYS.contains(&key.as_str()) => secrets.push(text.clone()),
                    other => collect(other, secrets),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, secrets)),
        _ => {}
    }
}
