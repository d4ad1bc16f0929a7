//! JSON documents by name, as they were sent: startup data by flow, keys by account.

use bytes::Bytes;

use crate::bounded_map::BoundedMap;

/// Most documents that are kept; the oldest are dropped.
const MAX_DOCUMENTS: usize = 1000;
/// Most bytes of all documents together.
const MAX_DOCUMENTS_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Documents(BoundedMap<String, Bytes>);

/// The name has a document already.
#[derive(Debug)]
pub(crate) struct Occupied;

impl Default for Documents {
    fn default() -> Self {
        Self(BoundedMap::with_max_weight(MAX_DOCUMENTS, MAX_DOCUMENTS_BYTES))
    }
}

impl Documents {
    /// Stores a document and replaces the one that has this name.
    pub(crate) fn put(&mut self, name: String, document: Bytes) {
        let weight = document.len();
        self.0.insert_weighing(name, document, weight);
    }

    /// Stores a document unless there is one of this name.
    pub(crate) fn add(&mut self, name: &str, document: Bytes) -> Result<(), Occupied> {
        if self.0.get(name).is_some() {
            return Err(Occupied);
        }
        self.put(name.to_owned(), document);
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<Bytes> {
        self.0.get(name).cloned()
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Bytes> {
        self.0.remove(name)
    }
}
