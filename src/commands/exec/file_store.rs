//! A credential in a JSON file: a token response as Podio gives it (further fields such as `retries` may stand beside
//! the tokens), or a step's config with `oauth` in it.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

use anyhow::Context as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::podio::{CredentialStore, config::OAuth};

/// The file.
pub(super) struct FileStore {
    path: PathBuf,
}

impl FileStore {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file as a step's config.
    pub(super) fn read(&self) -> anyhow::Result<Map<String, Value>> {
        let file = self.path.display();
        let text = fs::read(&self.path).with_context(|| format!("the credential file {file} cannot be read"))?;
        let fields: Map<String, Value> = serde_json::from_slice(&text).map_err(|error| {
            anyhow::anyhow!("the credential file {file} is not a JSON object (line {})", error.line())
        })?;
        if fields.contains_key("oauth") || fields.contains_key("secretId") {
            return Ok(fields);
        }
        anyhow::ensure!(
            fields.contains_key("access_token"),
            "the credential file {file} holds neither \"access_token\" nor \"oauth\" nor \"secretId\""
        );
        let mut config = fields.clone();
        config.insert("oauth".to_owned(), Value::Object(fields));
        Ok(config)
    }

    /// Writes the renewed credential in the shape that the file has, in one step, readable for its owner only.
    fn write(&self, oauth: &Map<String, Value>) -> anyhow::Result<()> {
        let mut fields: Map<String, Value> = serde_json::from_slice(&fs::read(&self.path)?)?;
        match fields.get_mut("oauth") {
            Some(inner) => *inner = Value::Object(oauth.clone()),
            None => fields.extend(oauth.clone()),
        }
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(&fields)?)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        Ok(())
    }
}

impl CredentialStore for FileStore {
    fn save<'a>(&'a self, oauth: &'a Map<String, Value>) -> BoxFuture<'a, Result<(), String>> {
        let outcome = self
            .write(oauth)
            .map_err(|error| format!("the credential file {} cannot be written: {error}", self.path.display()));
        Box::pin(std::future::ready(outcome))
    }

    fn reload(&self) -> BoxFuture<'_, Option<OAuth>> {
        let oauth = self.read().ok().and_then(|mut config| match config.remove("oauth") {
            Some(Value::Object(fields)) => OAuth::read(fields),
            _ => None,
        });
        Box::pin(std::future::ready(oauth))
    }
}
