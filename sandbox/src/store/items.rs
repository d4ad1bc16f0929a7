//! Items, and which of them were deleted.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::item_fields::{Field, fields};
use super::tokens::USER_ID;
use crate::bounded_map::BoundedMap;

/// Most items, and most ids of deleted items, that are kept; the oldest are dropped.
const MAX_ITEMS: usize = 10_000;
/// Most bytes of all items' request bodies together.
const MAX_ITEMS_BYTES: usize = 64 * 1024 * 1024;
/// The item that exists from the start. Its id is above 2^31, as Podio's are.
const FIRST_ITEM: u64 = 3_352_054_999;
/// The app that it is in.
const FIRST_APP: u64 = 30_816_001;
const FIRST_FIELD: usize = 901;
const FIRST_REVISION: u64 = 5_123_456_789;

#[derive(Debug)]
pub(crate) struct Items {
    kept: BoundedMap<u64, Item>,
    deleted: BoundedMap<u64, ()>,
    next_id: u64,
}

#[derive(Debug)]
struct Item {
    app: u64,
    number: u64,
    revision: u64,
    created: String,
    changed: String,
    external_id: Value,
    tags: Value,
    fields: Vec<Field>,
    /// The size of the request bodies that it was made of.
    bytes: usize,
}

/// What Podio answers to the creation of an item.
#[derive(Debug, Serialize)]
pub(crate) struct Created {
    item_id: u64,
    title: String,
}

/// What Podio answers to the update of an item.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Updated {
    revision: u64,
    title: String,
}

/// Items of one app.
#[derive(Debug)]
pub(crate) struct Page {
    /// How many items the app has.
    pub(crate) total: usize,
    /// Those on this page, the newest first.
    pub(crate) items: Vec<Value>,
}

/// Why an item cannot be read or changed.
#[derive(Debug, PartialEq)]
pub(crate) enum ItemError {
    Absent,
    Deleted,
    /// The update is meant for another revision than the item's.
    Conflict {
        /// The item's revision.
        revision: u64,
    },
}

impl Default for Items {
    fn default() -> Self {
        let mut items = Self {
            kept: BoundedMap::with_max_weight(MAX_ITEMS, MAX_ITEMS_BYTES),
            deleted: BoundedMap::new(MAX_ITEMS),
            next_id: FIRST_ITEM,
        };
        let first = json!({"external_id": "crm-17", "fields": {"title": "Acme Ltd", "stage": "Open"}});
        items.create(FIRST_APP, first.as_object().unwrap_or(&Map::new()), 0);
        items
    }
}

impl Items {
    /// Creates an item in the app from a request body of `bytes` bytes.
    pub(crate) fn create(&mut self, app: u64, body: &Map<String, Value>, bytes: usize) -> Created {
        let id = self.next_id;
        self.next_id += 1;
        let created = podio_time(SystemTime::now());
        let mut item = Item {
            app,
            number: id - FIRST_ITEM + 1,
            revision: 0,
            changed: created.clone(),
            created,
            external_id: Value::Null,
            tags: json!([]),
            fields: Vec::new(),
            bytes,
        };
        item.set(body);
        let title = item.title();
        self.kept.insert_weighing(id, item, bytes);
        Created { item_id: id, title }
    }

    /// Makes a new revision of an item: what the request body of `bytes` bytes states changes, everything else stays.
    pub(crate) fn update(&mut self, id: u64, body: &Map<String, Value>, bytes: usize) -> Result<Updated, ItemError> {
        let revision = self.find(id)?.revision;
        if body.get("revision").and_then(Value::as_u64).is_some_and(|meant| meant != revision) {
            return Err(ItemError::Conflict { revision });
        }
        let mut item = self.kept.remove(&id).ok_or(ItemError::Absent)?;
        item.revision += 1;
        item.changed = podio_time(SystemTime::now());
        item.bytes += bytes;
        item.set(body);
        let updated = Updated { revision: item.revision, title: item.title() };
        let bytes = item.bytes;
        self.kept.insert_weighing(id, item, bytes);
        Ok(updated)
    }

    pub(crate) fn delete(&mut self, id: u64) -> Result<(), ItemError> {
        self.find(id)?;
        self.kept.remove(&id);
        self.deleted.insert(id, ());
        Ok(())
    }

    /// The item as Podio shows it.
    pub(crate) fn show(&self, id: u64) -> Result<Value, ItemError> {
        self.find(id).map(|item| item.show(id))
    }

    pub(crate) fn page(&self, app: u64, offset: usize, limit: usize) -> Page {
        let mut of_app: Vec<_> = self.kept.iter().filter(|(_, item)| item.app == app).collect();
        of_app.sort_unstable_by_key(|(_, item)| std::cmp::Reverse(item.number));
        let items = of_app.iter().skip(offset).take(limit).map(|(id, item)| item.show(**id));
        Page { total: of_app.len(), items: items.collect() }
    }

    fn find(&self, id: u64) -> Result<&Item, ItemError> {
        let absent = || if self.deleted.get(&id).is_some() { ItemError::Deleted } else { ItemError::Absent };
        self.kept.get(&id).ok_or_else(absent)
    }
}

impl Item {
    /// Changes what a request body states.
    fn set(&mut self, body: &Map<String, Value>) {
        if let Some(external_id) = body.get("external_id") {
            self.external_id = external_id.clone();
        }
        if let Some(tags) = body.get("tags") {
            self.tags = tags.clone();
        }
        for field in fields(body.get("fields")) {
            match self.fields.iter_mut().find(|known| known.name == field.name) {
                Some(known) => *known = field,
                None => self.fields.push(field),
            }
        }
    }

    fn title(&self) -> String {
        let field = self.fields.iter().find(|field| field.name == "title");
        let text = field.and_then(|field| field.values[0]["value"].as_str());
        text.map_or_else(|| format!("Item {}", self.number), str::to_owned)
    }

    fn show(&self, id: u64) -> Value {
        let fields = self.fields.iter().enumerate().map(|(index, Field { name, values })| {
            json!({
                "field_id": FIRST_FIELD + index, "external_id": name, "type": "text", "label": name, "values": values,
            })
        });
        json!({
            "item_id": id, "app_item_id": self.number, "external_id": self.external_id, "title": self.title(),
            "revision": self.revision, "tags": self.tags, "files": [], "comments": [],
            "link": format!("https://podio.com/acme/sales/apps/leads/items/{}", self.number),
            "created_on": self.created, "last_event_on": self.changed,
            "app": {"app_id": self.app, "status": "active", "config": {"name": "Leads"}},
            "created_by": {"type": "user", "id": USER_ID, "user_id": USER_ID, "name": "Ops Bot"},
            "current_revision": {
                "revision": self.revision, "item_revision_id": FIRST_REVISION + self.number + self.revision,
                "created_on": self.changed, "type": if self.revision == 0 { "creation" } else { "update" },
            },
            "fields": fields.collect::<Vec<_>>(),
            "rights": ["view", "update", "delete"],
        })
    }
}

/// Podio's spelling of a time: UTC, without zone or fraction.
fn podio_time(time: SystemTime) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    OffsetDateTime::from(time).format(form).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn object(value: &Value) -> &Map<String, Value> {
        value.as_object().expect("an object")
    }

    #[test]
    fn an_update_keeps_what_it_does_not_state_and_checks_the_revision() {
        let mut items = Items::default();
        let change = json!({"fields": {"stage": "Won"}, "revision": 0});
        let updated = Updated { revision: 1, title: "Acme Ltd".to_owned() };
        assert_eq!(items.update(FIRST_ITEM, object(&change), 0), Ok(updated));
        assert_eq!(items.update(FIRST_ITEM, object(&change), 0), Err(ItemError::Conflict { revision: 1 }));
        let page = items.page(FIRST_APP, 0, 30);
        assert_eq!((page.total, &page.items[0]["fields"][0]["values"][0]["value"]), (1, &json!("Won")));
    }

    #[test]
    fn a_deleted_item_is_not_an_unknown_one() {
        let mut items = Items::default();
        assert_eq!(items.delete(FIRST_ITEM), Ok(()));
        assert_eq!(items.show(FIRST_ITEM), Err(ItemError::Deleted));
        assert_eq!(items.show(1), Err(ItemError::Absent));
    }

    #[test]
    fn times_are_spelt_as_podio_spells_them() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_787_217_011);
        assert_eq!(podio_time(time), "2026-08-20 09:10:11");
    }
}
