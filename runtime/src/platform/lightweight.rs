//! Lightweight messages: their bodies are in object storage, encrypted (protocol, sections 5.7 to 5.13).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::value::RawValue;

use super::{
    cipher::{Cipher, Encoding},
    message::{Fetched, Message},
    object_storage::{ObjectStorage, StorageError},
    passthrough::Entry,
};

use crate::large;

/// Objects of one message that are fetched or stored concurrently.
const AT_ONCE: usize = 8;

/// A body that could not be fetched or stored. `Display` is what the flow's owner reads.
#[derive(Debug, thiserror::Error)]
pub enum LightweightError {
    /// A message names an object that could not be fetched and decrypted.
    #[error("Failed to get message body with id={id}")]
    Fetch {
        /// The object's id.
        id: String,
        /// What went wrong, for the log.
        reason: String,
    },
    /// A large result could not be stored.
    #[error("Lightweight message/passthrough body upload error")]
    Store(#[from] StorageError),
}

impl LightweightError {
    /// What went wrong, for the log.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Fetch { reason, .. } => reason.clone(),
            Self::Store(error) => error.to_string(),
        }
    }
}

/// Keeps encrypted bodies in object storage. Without object storage, messages that need it fail.
#[derive(Clone, Debug)]
pub(crate) struct BodyStore {
    storage: Option<ObjectStorage>,
    cipher: Arc<Cipher>,
}

impl BodyStore {
    /// A store in `storage` that encrypts with `cipher`.
    #[must_use]
    pub(crate) fn new(storage: Option<ObjectStorage>, cipher: Arc<Cipher>) -> Self {
        Self { storage, cipher }
    }

    /// Fetches the bodies of a message and its passthrough entries that are in object storage, and sets them. An object
    /// that several of them name is fetched once.
    ///
    /// # Errors
    /// When one cannot be fetched or decrypted.
    pub(crate) async fn fetch<'a>(
        &self,
        message: &mut Message<'a>,
        entries: &mut [Entry<'a>],
    ) -> Result<(), LightweightError> {
        let ids = ids(message, entries);
        if ids.is_empty() {
            return Ok(());
        }
        let fetched: Vec<_> = ids.into_iter().map(|id| self.fetch_one(id)).collect();
        let fetched: HashMap<String, Arc<Fetched>> = stream::iter(fetched).buffered(AT_ONCE).try_collect().await?;
        for message in std::iter::once(message).chain(entries.iter_mut().map(|entry| &mut entry.message)) {
            if let Some(body) = message.object_id().and_then(|id| fetched.get(&id)) {
                message.set_fetched(body.clone());
            }
        }
        Ok(())
    }

    /// Stores the bodies of passthrough entries that are not yet stored; each entry gets its object's id.
    ///
    /// # Errors
    /// When one cannot be stored.
    pub(crate) async fn store_entries(&self, entries: &mut [Entry<'_>]) -> Result<(), LightweightError> {
        let messages = entries.iter_mut().filter(|entry| entry.is_message());
        let stored: Vec<_> = messages.map(|entry| self.store_entry(entry)).collect();
        stream::iter(stored).buffered(AT_ONCE).try_collect().await
    }

    async fn store_entry(&self, entry: &mut Entry<'_>) -> Result<(), LightweightError> {
        entry.stored = Some(match entry.message.object_id() {
            Some(id) => id,
            None => self.store(entry.compact_body()).await?,
        });
        Ok(())
    }

    /// Stores a body as an object; returns the object's id.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub(crate) async fn store(&self, json: Vec<u8>) -> Result<String, LightweightError> {
        let Some(storage) = &self.storage else {
            let problem = "ELASTICIO_OBJECT_STORAGE_URI is not set".to_owned();
            return Err(StorageError::Network(problem, "POST /objects").into());
        };
        Ok(storage.put(self.cipher.encrypt(json, Encoding::Raw)).await?)
    }

    async fn fetch_one(&self, id: String) -> Result<(String, Arc<Fetched>), LightweightError> {
        let fetch = async {
            let Some(storage) = &self.storage else {
                return Err("ELASTICIO_OBJECT_STORAGE_URI is not set".to_owned());
            };
            let encrypted = storage.get(&id).await.map_err(|error| error.to_string())?;
            let memory = large::claim(encrypted.len()).await.map_err(|error| error.to_string())?;
            let json = self.cipher.decrypt_text(&encrypted, Encoding::Raw).map_err(|error| error.to_string())?;
            let body = RawValue::from_string(json).map_err(|_| "the object is not JSON".to_owned())?;
            Ok(Arc::new(Fetched::new(body, memory)))
        };
        match fetch.await {
            Ok(body) => Ok((id, body)),
            Err(reason) => Err(LightweightError::Fetch { id, reason }),
        }
    }
}

/// The ids of the objects that a message and its entries name, each once, in order.
fn ids(message: &Message<'_>, entries: &[Entry<'_>]) -> Vec<String> {
    let mut seen = HashSet::new();
    let named = std::iter::once(message).chain(entries.iter().map(|entry| &entry.message));
    named.filter_map(Message::object_id).filter(|id| seen.insert(id.clone())).collect()
}
