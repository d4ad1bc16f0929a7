//! Properties of the credential file: a refreshed credential is found in it again, and whatever is wrong with it, nobody
//! reads its content.

use serde_json::{Map, Value};

use super::super::credential_file::{config_in, rewritten};

/// The file's text.
pub fn credential_file(data: &[u8]) {
    let config = match config_in(data) {
        Ok(config) => config,
        Err(problem) => return assert!(problem.len() < 80, "a problem repeats no content"),
    };
    let Some(Value::Object(oauth)) = config.get("oauth") else {
        return assert!(config.contains_key("oauth") || config.contains_key("secretId"));
    };
    let unchanged = rewritten(data, oauth).expect("what was read can be written");
    assert!(config_in(unchanged.as_bytes()).as_ref() == Ok(&config), "another config is written than was read");
    let again = rewritten(unchanged.as_bytes(), oauth).expect("what was written can be written");
    assert!(again == unchanged, "a file that is written twice is another one");
    let mut refreshed = oauth.clone();
    refreshed.extend(Map::from_iter([("access_token".to_owned(), "n\u{fc}w\"".into()), ("x".to_owned(), 1.into())]));
    let text = rewritten(data, &refreshed).expect("a refreshed credential can be written");
    let read = config_in(text.as_bytes()).expect("it can be read");
    assert!(read.get("oauth") == Some(&Value::Object(refreshed)), "the refreshed credential is not in the file");
}
