//! Objects of object storage: bytes by id.

use bytes::Bytes;
use uuid::Uuid;

use crate::bounded_map::BoundedMap;

/// Most bytes of one object.
pub(crate) const MAX_OBJECT_BYTES: usize = 256 * 1024 * 1024;
/// Most bytes of all objects together; the oldest are dropped.
const MAX_OBJECTS_BYTES: usize = 512 * 1024 * 1024;
/// Most objects; the oldest are dropped.
const MAX_OBJECTS: usize = 100_000;

#[derive(Debug)]
pub(crate) struct Objects(BoundedMap<Uuid, Bytes>);

impl Default for Objects {
    fn default() -> Self {
        Self(BoundedMap::with_max_weight(MAX_OBJECTS, MAX_OBJECTS_BYTES))
    }
}

impl Objects {
    /// Stores the object, unless it is larger than [`MAX_OBJECT_BYTES`].
    pub(crate) fn put(&mut self, id: Uuid, bytes: Bytes) {
        if bytes.len() <= MAX_OBJECT_BYTES {
            let weight = bytes.len();
            self.0.insert_weighing(id, bytes, weight);
        }
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<Bytes> {
        self.0.get(&id).cloned()
    }

    pub(crate) fn remove(&mut self, id: Uuid) -> Option<Bytes> {
        self.0.remove(&id)
    }

    /// The ids of all objects, the oldest first.
    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.0.iter().map(|(id, _)| *id).collect()
    }
}
