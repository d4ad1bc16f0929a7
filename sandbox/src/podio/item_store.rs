//! Items: the newest within a bound, and which were deleted.

use std::time::SystemTime;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::item_fields::fields;
use crate::newest::Newest;

/// Most items, and most deleted ids, that are kept; the oldest give way.
const MAX_ITEMS: usize = 10_000;
/// Most bytes of all items' request bodies together.
const MAX_ITEMS_BYTES: usize = 64 * 1024 * 1024;
/// The item that is there from the start; Podio's ids are above 2^31 by far.
pub(super) const FIRST_ITEM: u64 = 3_352_054_999;
/// The app that it is in.
const FIRST_APP: u64 = 30_816_001;
const FIRST_FIELD: usize = 901;
const FIRST_REVISION: u64 = 5_123_456_789;

pub(crate) struct Items {
    kept: Newest<u64, Item>,
    deleted: Newest<u64, ()>,
    next: u64,
}

struct Item {
    app: u64,
    number: u64,
    revision: u64,
    created: String,
    changed: String,
    external_id: Value,
    tags: Value,
    fields: Vec<(String, Value)>,
    bytes: usize,
}

/// Why an item cannot be had or changed.
pub(super) enum Refused {
    Absent,
    Deleted,
    /// The change is for another revision than the present one, which this is.
    Conflict(u64),
}

impl Default for Items {
    fn default() -> Self {
        let kept = Newest::weighing(MAX_ITEMS, MAX_ITEMS_BYTES);
        let mut items = Self { kept, deleted: Newest::of(MAX_ITEMS), next: FIRST_ITEM };
        let first = json!({"external_id": "crm-17", "fields": {"title": "Acme Ltd", "stage": "Open"}});
        items.create(FIRST_APP, first.as_object().unwrap_or(&Map::new()), 0);
        items
    }
}

impl Items {
    /// A new item in the app; `bytes` is the size of what it was made of. Answers its id and title.
    pub(super) fn create(&mut self, app: u64, body: &Map<String, Value>, bytes: usize) -> (u64, String) {
        let id = self.next;
        self.next += 1;
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
        (id, title)
    }

    /// Changes what the body names and makes it the item's next revision. Answers revision and title.
    pub(super) fn update(
        &mut self,
        id: u64,
        body: &Map<String, Value>,
        bytes: usize,
    ) -> Result<(u64, String), Refused> {
        let present = self.find(id)?.revision;
        if body.get("revision").and_then(Value::as_u64).is_some_and(|revision| revision != present) {
            return Err(Refused::Conflict(present));
        }
        let mut item = self.kept.remove(&id).ok_or(Refused::Absent)?;
        item.revision += 1;
        item.changed = podio_time(SystemTime::now());
        item.bytes += bytes;
        item.set(body);
        let changed = (item.revision, item.title());
        let bytes = item.bytes;
        self.kept.insert_weighing(id, item, bytes);
        Ok(changed)
    }

    pub(super) fn delete(&mut self, id: u64) -> Result<(), Refused> {
        self.find(id)?;
        self.kept.remove(&id);
        self.deleted.insert(id, ());
        Ok(())
    }

    /// The item as Podio shows it.
    pub(super) fn show(&self, id: u64) -> Result<Value, Refused> {
        self.find(id).map(|item| item.show(id))
    }

    /// How many items the app has, and those on one page, the newest first.
    pub(super) fn page(&self, app: u64, offset: usize, limit: usize) -> (usize, Vec<Value>) {
        let mut of_app: Vec<_> = self.kept.iter().filter(|(_, item)| item.app == app).collect();
        of_app.sort_unstable_by_key(|(_, item)| std::cmp::Reverse(item.number));
        let page = of_app.iter().skip(offset).take(limit).map(|(id, item)| item.show(**id));
        (of_app.len(), page.collect())
    }

    fn find(&self, id: u64) -> Result<&Item, Refused> {
        let absent = || if self.deleted.get(&id).is_some() { Refused::Deleted } else { Refused::Absent };
        self.kept.get(&id).ok_or_else(absent)
    }
}

impl Item {
    fn set(&mut self, body: &Map<String, Value>) {
        if let Some(external_id) = body.get("external_id") {
            self.external_id = external_id.clone();
        }
        if let Some(tags) = body.get("tags") {
            self.tags = tags.clone();
        }
        for (name, values) in fields(body.get("fields")) {
            match self.fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, present)) => *present = values,
                None => self.fields.push((name, values)),
            }
        }
    }

    fn title(&self) -> String {
        let first = self.fields.iter().find(|(name, _)| name == "title");
        let text = first.and_then(|(_, values)| values[0]["value"].as_str());
        text.map_or_else(|| format!("Item {}", self.number), str::to_owned)
    }

    fn show(&self, id: u64) -> Value {
        let fields = self.fields.iter().enumerate().map(|(index, (name, values))| {
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
            "created_by": {"type": "user", "id": crate::tokens::USER_ID, "user_id": crate::tokens::USER_ID, "name": "Ops Bot"},
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
    fn an_update_keeps_what_it_does_not_name_and_minds_the_revision() {
        let mut items = Items::default();
        let change = json!({"fields": {"stage": "Won"}, "revision": 0});
        assert!(matches!(items.update(FIRST_ITEM, object(&change), 0), Ok((1, title)) if title == "Acme Ltd"));
        assert!(matches!(items.update(FIRST_ITEM, object(&change), 0), Err(Refused::Conflict(1))));
        let (total, page) = items.page(FIRST_APP, 0, 30);
        assert_eq!((total, &page[0]["fields"][0]["values"][0]["value"]), (1, &json!("Won")));
    }

    #[test]
    fn a_deleted_item_is_not_an_unknown_one() {
        let mut items = Items::default();
        assert!(items.delete(FIRST_ITEM).is_ok());
        assert!(matches!(items.show(FIRST_ITEM), Err(Refused::Deleted)));
        assert!(matches!(items.show(1), Err(Refused::Absent)));
    }

    #[test]
    fn times_are_podio_s() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_787_217_011);
        assert_eq!(podio_time(time), "2026-08-20 09:10:11");
    }
}
