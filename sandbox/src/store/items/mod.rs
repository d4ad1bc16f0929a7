//! Items, and which of them were deleted.

mod conditions;
mod filter;
mod item;
mod order;
mod search;
mod stated;
mod writes;

use serde::Serialize;

use super::apps::NoAccess;
use super::refusal::Refusal;
use crate::bounded_map::BoundedMap;

pub(super) use item::Item;
pub(crate) use search::Search;

/// Most items, and most ids of deleted items, that are kept; the oldest are dropped.
const MAX_ITEMS: usize = 10_000;
/// Most bytes of all items' request bodies together.
const MAX_ITEMS_BYTES: usize = 64 * 1024 * 1024;
/// The item that exists from the start. Its id is above 2^31, as Podio's are.
const FIRST_ITEM: u64 = 3_352_054_999;
const FIRST_REVISION: u64 = 5_123_456_789;

#[derive(Debug)]
pub(crate) struct Items {
    kept: BoundedMap<u64, Item>,
    deleted: BoundedMap<u64, ()>,
    next_id: u64,
    next_revision_id: u64,
}

/// What Podio answers to the creation of an item.
#[derive(Debug, Serialize)]
pub(crate) struct Created {
    pub(crate) item_id: u64,
    title: String,
    revision: u64,
}

/// What Podio answers to the update of an item.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Updated {
    revision: u64,
    title: String,
}

impl Default for Items {
    fn default() -> Self {
        Self {
            kept: BoundedMap::with_max_weight(MAX_ITEMS, MAX_ITEMS_BYTES),
            deleted: BoundedMap::new(MAX_ITEMS),
            next_id: FIRST_ITEM,
            next_revision_id: FIRST_REVISION,
        }
    }
}

impl Items {
    pub(super) fn find(&self, id: u64) -> Result<&Item, Refusal> {
        let absent = || if self.deleted.get(&id).is_some() { Refusal::Deleted } else { NoAccess::Absent.into() };
        self.kept.get(&id).ok_or_else(absent)
    }

    /// The items of an app, in no order.
    pub(super) fn of_app(&self, app: u64) -> impl Iterator<Item = &Item> {
        self.kept.iter().map(|(_, item)| item).filter(move |item| item.app == app)
    }

    /// The app's oldest item with this external id. Podio does not say which of several it finds.
    pub(super) fn with_external_id(&self, app: u64, external_id: &str) -> Option<&Item> {
        let found = self.of_app(app).filter(|item| item.external_id.as_deref() == Some(external_id));
        found.min_by_key(|item| item.id)
    }

    pub(super) fn find_mut(&mut self, id: u64) -> Option<&mut Item> {
        self.kept.get_mut(&id)
    }

    /// Stores an item as the newest, in place of the one that has its id.
    fn put(&mut self, item: Item) {
        let (id, bytes) = (item.id, item.bytes);
        self.kept.insert_weighing(id, item, bytes);
    }

    fn delete(&mut self, id: u64) {
        self.kept.remove(&id);
        self.deleted.insert(id, ());
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    fn new_revision_id(&mut self) -> u64 {
        self.next_revision_id += 1;
        self.next_revision_id - 1
    }
}
