//! A credential in a JSON file: a token response as a token endpoint returns it (other fields, such as `retries`, may
//! be beside the tokens), or a step's config with `oauth` in it.

use std::{collections::HashSet, fs, os::unix::fs::PermissionsExt, path::PathBuf};

use anyhow::Context as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{encoding::without_mark, private_file};
use crate::platform::{
    credential_store::CredentialStore,
    json::{Key, RawObject},
    step_data::OAuthFields,
};

/// The mode bits of a file's group and of all others.
const OTHERS: u32 = 0o077;

/// The file.
#[derive(Debug)]
pub(super) struct CredentialFile {
    path: PathBuf,
}

impl CredentialFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Refuses a file that others than its owner may read, write or run.
    pub(super) fn check_private(&self) -> anyhow::Result<()> {
        let file = self.path.display();
        let metadata =
            fs::metadata(&self.path).with_context(|| format!("the credential file {file} cannot be read"))?;
        anyhow::ensure!(
            metadata.permissions().mode() & OTHERS == 0,
            "the credential file {file} is open to other users: run chmod 600 {file}, or give --allow-readable-credential"
        );
        Ok(())
    }

    /// The file as a step's config.
    pub(super) fn read(&self) -> anyhow::Result<Map<String, Value>> {
        let file = self.path.display();
        let text = fs::read(&self.path).with_context(|| format!("the credential file {file} cannot be read"))?;
        config_in(&text).map_err(|problem| anyhow::anyhow!("the credential file {file} {problem}"))
    }

    /// Writes a new credential: into the file that is there, whose other fields stay, or into a new one, readable by its owner
    /// only.
    pub(super) fn put(&self, oauth: &Map<String, Value>) -> anyhow::Result<()> {
        if self.path.exists() {
            self.read()?;
            return self.write(oauth);
        }
        Ok(private_file::create(&self.path, &rewritten(b"{}", oauth)?)?)
    }

    /// Writes the refreshed credential in the shape that the file has.
    fn write(&self, oauth: &Map<String, Value>) -> anyhow::Result<()> {
        Ok(private_file::write(&self.path, &rewritten(&fs::read(&self.path)?, oauth)?)?)
    }
}

/// A file's text as a step's config, or what is wrong with the file.
pub(super) fn config_in(text: &[u8]) -> Result<Map<String, Value>, String> {
    let fields: Map<String, Value> = serde_json::from_slice(without_mark(text)?)
        .map_err(|error| format!("is not a JSON object (line {})", error.line()))?;
    if fields.contains_key("oauth") || fields.contains_key("secretId") {
        return Ok(fields);
    }
    if !fields.contains_key("access_token") {
        return Err("holds neither \"access_token\" nor \"oauth\" nor \"secretId\"".to_owned());
    }
    let mut config = fields.clone();
    config.insert("oauth".to_owned(), Value::Object(fields));
    Ok(config)
}

/// The text of a file, with the refreshed credential in the shape that it has.
pub(super) fn rewritten(text: &[u8], oauth: &Map<String, Value>) -> anyhow::Result<String> {
    let text = without_mark(text).map_err(anyhow::Error::msg)?;
    let fields: RawObject<'_> = serde_json::from_slice(text)?;
    Ok(match fields.get("oauth") {
        Some(inner) => {
            let inner = object(updated(&RawObject::deserialize(inner)?, oauth)?);
            object(fields.entries().map(|(name, raw)| match name.as_json() {
                "oauth" => (name, inner.clone()),
                _ => (name, raw.get().to_owned()),
            }))
        }
        None => object(updated(&fields, oauth)?),
    })
}

/// The fields of `old` with the values of `new`, then the fields that only `new` has. An unchanged value stays as it is
/// written, digit by digit.
fn updated<'a>(old: &RawObject<'a>, new: &Map<String, Value>) -> serde_json::Result<Vec<(Key<'a>, String)>> {
    let mut fields = Vec::new();
    for (name, raw) in old.entries() {
        let text = match new.get(name.text().as_ref()) {
            Some(value) if serde_json::from_str::<Value>(raw.get())? != *value => value.to_string(),
            _ => raw.get().to_owned(),
        };
        fields.push((name, text));
    }
    let known: HashSet<String> = fields.iter().map(|(name, _)| name.text().into_owned()).collect();
    let added = new.iter().filter(|(name, _)| !known.contains(*name));
    fields.extend(added.map(|(name, value)| (Key::new(name), value.to_string())));
    Ok(fields)
}

/// A JSON object, with one line per field.
fn object<'a>(fields: impl IntoIterator<Item = (Key<'a>, String)>) -> String {
    let lines: Vec<String> =
        fields.into_iter().map(|(name, text)| format!("  \"{}\": {text}", name.as_json())).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

impl CredentialStore for CredentialFile {
    fn save<'a>(&'a self, oauth: &'a OAuthFields) -> BoxFuture<'a, Result<(), String>> {
        let outcome = self
            .write(oauth)
            .map_err(|error| format!("the credential file {} cannot be written: {error}", self.path.display()));
        Box::pin(std::future::ready(outcome))
    }

    fn reload(&self) -> BoxFuture<'_, Option<OAuthFields>> {
        let oauth = self.read().ok().and_then(|mut config| match config.remove("oauth") {
            Some(Value::Object(fields)) => Some(fields),
            _ => None,
        });
        Box::pin(std::future::ready(oauth))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use futures_util::FutureExt;

    use super::*;

    /// Refreshes the credential in the file; returns the file's new text.
    fn refresh(store: &CredentialFile) -> String {
        let mut oauth = store.reload().now_or_never().flatten().expect("a credential");
        oauth.insert("access_token".to_owned(), "new".into());
        oauth.insert("expires_in".to_owned(), 28800.into());
        store.write(&oauth).expect("it can be written");
        fs::read_to_string(&store.path).expect("it is there")
    }

    #[test]
    fn whatever_is_not_refreshed_stays_digit_by_digit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.json");
        for (text, want) in [
            (
                r#"{"delay": 1.50, "access_token": "old", "id": 12345678901234567890123, "a": {"b":[1.0]}}"#,
                "{\n  \"delay\": 1.50,\n  \"access_token\": \"new\",\n  \"id\": 12345678901234567890123,\n  \"a\": {\"b\":[1.0]},\n  \"expires_in\": 28800\n}",
            ),
            (
                r#"{"oauth": {"x": 1.50, "access_token": "old", "expires_in": 7}, "retriesDelay": 1e3}"#,
                "{\n  \"oauth\": {\n  \"x\": 1.50,\n  \"access_token\": \"new\",\n  \"expires_in\": 28800\n},\n  \"retriesDelay\": 1e3\n}",
            ),
        ] {
            fs::write(&path, text).expect("a file");
            assert_eq!(refresh(&CredentialFile::new(path.clone())), want);
        }
    }

    #[test]
    fn a_new_credential_gets_a_file_of_its_own_or_replaces_the_one_in_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = CredentialFile::new(folder.path().join("c.json"));
        let oauth = |token: &str| Map::from_iter([("access_token".to_owned(), token.into())]);
        store.put(&oauth("first")).expect("a new file");
        assert_eq!(fs::read_to_string(&store.path).expect("the file"), "{\n  \"access_token\": \"first\"\n}");
        assert_eq!(fs::metadata(&store.path).expect("the file").permissions().mode() & 0o777, 0o600);
        fs::write(&store.path, r#"{"retries": 2, "oauth": {"access_token": "old"}}"#).expect("written");
        store.put(&oauth("second")).expect("the file is there");
        assert_eq!(store.read().expect("a config")["retries"], 2);
        assert_eq!(store.read().expect("a config")["oauth"]["access_token"], "second");
        fs::write(&store.path, "notes").expect("written");
        assert!(store.put(&oauth("third")).is_err(), "what is no credential is not replaced");
    }

    #[test]
    fn only_its_owner_reads_the_file_and_a_link_to_it_stays_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("c.json"), folder.path().join("link.json"));
        let other = folder.path().join("link.json.new");
        for path in [&target, &other] {
            fs::write(path, r#"{"access_token": "old"}"#).expect("a file");
            fs::set_permissions(path, PermissionsExt::from_mode(0o666)).expect("a mode");
        }
        symlink(&target, &link).expect("a link");
        assert!(refresh(&CredentialFile::new(link.clone())).contains("new"));
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        assert_eq!(fs::metadata(&target).expect("the file").permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&other).expect("an unrelated file").contains("old"));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "nothing is left behind");
    }

    #[test]
    fn a_byte_order_mark_is_ignored_and_utf_16_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = CredentialFile::new(folder.path().join("c.json"));
        fs::write(&store.path, "\u{feff}{\"access_token\": \"old\"}").expect("a file");
        assert_eq!(refresh(&store), "{\n  \"access_token\": \"new\",\n  \"expires_in\": 28800\n}");
        for text in [&b"\xFF\xFE{\0}\0"[..], b"\xFE\xFF\0{\0}"] {
            fs::write(&store.path, text).expect("a file");
            let problem = store.read().expect_err("UTF-16").to_string();
            assert_eq!(problem, format!("the credential file {} is UTF-16; save it as UTF-8", store.path.display()));
        }
    }
}
