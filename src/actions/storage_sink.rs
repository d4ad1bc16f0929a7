//! The platform's object storage as the destination of a file, which is streamed there.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use elasticio_runtime::platform::{message::Attachment, object_storage::ObjectStorage};
use futures_util::{StreamExt, future::BoxFuture};

use super::files::Files;
use crate::rest::transfer::{self, FileSink, FileStream, Flow};

/// Query parameter of an attachment's URL that says which storage has the object.
const STORAGE_TYPE: (&str, &str) = ("storage_type", "maester");

/// The object storage as the destination of a download.
pub(super) struct StorageSink {
    storage: ObjectStorage,
    media: String,
    /// Longest time that the storage may take no bytes or give no answer.
    stall_timeout: Duration,
    /// Longest time for the whole transfer.
    transfer_timeout: Duration,
    /// The object's id and its size in bytes, once it is stored.
    stored: Mutex<Option<(String, u64)>>,
}

impl StorageSink {
    pub(super) fn new(storage: ObjectStorage, media: String, files: &Files) -> Self {
        let (stall_timeout, transfer_timeout) = (files.stall_timeout, files.transfer_timeout);
        Self { storage, media, stall_timeout, transfer_timeout, stored: Mutex::default() }
    }

    async fn store(&self, file: FileStream) -> Result<(), String> {
        let size = Arc::new(AtomicU64::new(0));
        let count = size.clone();
        let counted = file.inspect(move |chunk| {
            if let Ok(bytes) = chunk {
                count.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
        });
        let flow = Flow::new();
        let body = transfer::body(flow.watch(Box::pin(counted)));
        let stored = tokio::select! {
            stored = self.storage.put_stream(body, &self.media, self.transfer_timeout) => stored.map_err(|error| error.to_string()),
            () = flow.stalled(self.stall_timeout) => {
                Err(format!("the object storage does not go on; {}", transfer::silent(self.stall_timeout)))
            }
        };
        let id = stored.map_err(|reason| format!("the file cannot be stored: {reason}"))?;
        *self.stored.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, size.load(Ordering::Relaxed)));
        Ok(())
    }

    /// The stored object, once there is one.
    pub(super) fn attachment(&self) -> Option<Attachment> {
        let (id, size) = self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let mut url = self.storage.object_url(Some(&id));
        url.query_pairs_mut().append_pair(STORAGE_TYPE.0, STORAGE_TYPE.1);
        Some(Attachment { url: url.into(), size: Some(size), content_type: Some(self.media.clone()) })
    }
}

impl FileSink for StorageSink {
    fn take(&self, file: FileStream) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.store(file))
    }
}
