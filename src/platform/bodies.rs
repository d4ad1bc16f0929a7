//! Bodies of lightweight messages: fetched from object storage and opened, sealed and stored (contract, section 5).

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::value::RawValue;

use super::{
    cipher::{Cipher, Encoding},
    message::Message,
    passthrough::Entry,
    storage::{ObjectStorage, StorageError},
};

/// Objects of one message that are fetched or stored at once.
const AT_ONCE: usize = 8;

/// A body that could not be had, or kept. `Display` is what the flow's owner reads.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// A message names an object that could not be fetched and opened.
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

impl BodyError {
    /// What went wrong, for the log.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Fetch { reason, .. } => reason.clone(),
            Self::Store(error) => error.to_string(),
        }
    }
}

/// Object storage as a place for sealed bodies; without one, messages that need it fail.
#[derive(Clone, Debug)]
pub struct BodyStore {
    storage: Option<ObjectStorage>,
    cipher: Arc<Cipher>,
}

/// Fetched bodies, in the order of the messages that they were asked for.
pub type Fetched = Vec<Option<Box<RawValue>>>;

impl BodyStore {
    /// A store over `storage`, sealing with `cipher`.
    #[must_use]
    pub fn new(storage: Option<ObjectStorage>, cipher: Arc<Cipher>) -> Self {
        Self { storage, cipher }
    }

    /// The bodies of a message and its passthrough entries that lie in object storage; `None` for those that do not,
    /// and nothing at all when none does.
    ///
    /// # Errors
    /// When one cannot be had.
    pub async fn fetch(&self, message: &Message<'_>, entries: &[Entry<'_>]) -> Result<Fetched, BodyError> {
        let ids = || {
            let carried = entries.iter().map(|entry| entry.message.object_id());
            std::iter::once(message.object_id()).chain(carried)
        };
        if ids().all(|id| id.is_none()) {
            return Ok(Fetched::new());
        }
        let ids: Vec<_> = ids().collect();
        stream::iter(ids)
            .map(|id| async move {
                match id {
                    Some(id) => self.fetch_one(id).await.map(Some),
                    None => Ok(None),
                }
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Stores bodies; gives their ids in order.
    ///
    /// # Errors
    /// When one cannot be stored.
    pub async fn store(&self, bodies: Vec<StoredBody>) -> Result<Vec<String>, BodyError> {
        stream::iter(bodies)
            .map(|body| async move {
                match body {
                    StoredBody::At(id) => Ok(id),
                    StoredBody::New(json) => self.store_one(json).await,
                }
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn fetch_one(&self, id: String) -> Result<Box<RawValue>, BodyError> {
        let fetch = async {
            let Some(storage) = &self.storage else {
                return Err("ELASTICIO_OBJECT_STORAGE_URI is not set".to_owned());
            };
            let sealed = storage.get(&id).await.map_err(|error| error.to_string())?;
            let json = self.cipher.open_text(&sealed, Encoding::Raw).map_err(|error| error.to_string())?;
            serde_json::from_str(&json).map_err(|_| "the object is not JSON".to_owned())
        };
        fetch.await.map_err(|reason| BodyError::Fetch { id, reason })
    }

    async fn store_one(&self, json: Vec<u8>) -> Result<String, BodyError> {
        let Some(storage) = &self.storage else {
            let problem = "ELASTICIO_OBJECT_STORAGE_URI is not set".to_owned();
            return Err(StorageError::Network(problem, "POST /objects").into());
        };
        Ok(storage.put(self.cipher.seal(json, Encoding::Raw)).await?)
    }
}

/// A body that shall be in object storage.
pub enum StoredBody {
    /// It is there already.
    At(String),
    /// Its JSON text.
    New(Vec<u8>),
}
