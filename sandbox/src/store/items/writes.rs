//! Creates, updates and deletes items.

use serde_json::{Map, Value};

use super::item::{Item, KeptField};
use super::stated::{Stated, any_values};
use super::{Created, Updated};
use crate::store::Records;
use crate::store::apps::App;
use crate::store::hooks::Event;
use crate::store::refusal::Refusal;
use crate::store::switches::Switches;
use crate::store::values::{self, Known};

impl Records {
    /// Creates an item in an app from a request body of `bytes` bytes.
    pub(crate) fn create_item(
        &mut self,
        app: u64,
        body: &Map<String, Value>,
        bytes: usize,
        switches: Switches,
    ) -> Result<Created, Refusal> {
        let app = self.apps.open(app)?;
        let stated = Stated::read(body)?;
        let fields = self.read_fields(&app, &stated)?;
        let is_stated = |name: &str| fields.iter().any(|field| field.name == name && !field.values.is_empty());
        let mut required = app.fields.iter().filter(|field| field.required && field.is_active());
        if let Some(missing) = required.find(|field| !is_stated(&field.external_id)) {
            return Err(is_required(&missing.label, &missing.external_id));
        }
        let now = self.clock.now();
        let revision_id = self.items.new_revision_id();
        let mut item = Item {
            id: self.items.new_id(),
            app: app.id,
            revision: 0,
            revision_id,
            first_revision_id: revision_id,
            created: now.clone(),
            edited: now.clone(),
            last_event: now,
            external_id: None,
            tags: Vec::new(),
            files: Vec::new(),
            fields: Vec::new(),
            bytes,
        };
        item.set(stated, fields);
        let created = Created { item_id: item.id, title: item.title(&app), revision: 0 };
        if switches.hook {
            self.announce(&Event::of_item("item.create", &item, item.changed_fields(None, &app)));
        }
        self.items.put(item);
        Ok(created)
    }

    /// Makes a new revision of an item: what the request body of `bytes` bytes states changes, everything else stays.
    /// If it is silent, the time of the item's last event stays, too.
    pub(crate) fn update_item(
        &mut self,
        id: u64,
        body: &Map<String, Value>,
        bytes: usize,
        switches: Switches,
    ) -> Result<Updated, Refusal> {
        let (before, app) = self.item(id)?;
        let before = before.clone();
        let mut item = before.clone();
        let stated = Stated::read(body)?;
        if stated.revision.is_some_and(|meant| meant != item.revision) {
            return Err(Refusal::Conflict { revision: item.revision });
        }
        let fields = self.read_fields(&app, &stated)?;
        let is_cleared = |name: &str| fields.iter().any(|field| field.name == name && field.values.is_empty());
        let mut required = app.fields.iter().filter(|field| field.required);
        if let Some(cleared) = required.find(|field| is_cleared(&field.external_id)) {
            return Err(is_required(&cleared.label, &cleared.external_id));
        }
        item.revision += 1;
        item.revision_id = self.items.new_revision_id();
        item.edited = self.clock.now();
        if !switches.silent {
            item.last_event.clone_from(&item.edited);
        }
        item.bytes += bytes;
        item.set(stated, fields);
        let updated = Updated { revision: item.revision, title: item.title(&app) };
        if switches.hook {
            let changed = item.changed_fields(Some(&before), &app);
            self.announce(&Event::of_item("item.update", &item, changed));
        }
        self.items.put(item);
        Ok(updated)
    }

    /// Deletes an item.
    pub(crate) fn delete_item(&mut self, id: u64, switches: Switches) -> Result<(), Refusal> {
        let (item, app) = self.item(id)?;
        let event = Event::of_item("item.delete", item, item.changed_fields(None, &app));
        self.items.delete(id);
        if switches.hook {
            self.announce(&event);
        }
        Ok(())
    }

    /// The values of the fields that a body states, checked against the app's definition.
    fn read_fields(&mut self, app: &App, stated: &Stated<'_>) -> Result<Vec<KeptField>, Refusal> {
        self.require_files(stated.files.iter().flatten())?;
        if app.lenient {
            let kept = |(name, stated): &(String, &Value)| KeptField {
                name: name.clone(),
                type_name: "text".to_owned(),
                values: any_values(stated),
            };
            return Ok(stated.fields.iter().map(kept).collect());
        }
        let mut known = Known { items: &self.items, files: &self.files, embeds: &mut self.embeds };
        let read = |(name, stated): &(String, &Value)| {
            let no_field = || Refusal::Invalid(format!("Invalid value \"{name}\" (string): No field found"));
            let field = app.field(name).ok_or_else(no_field)?;
            let values = values::read(field, stated, &mut known).map_err(Refusal::Invalid)?;
            Ok(KeptField { name: field.external_id.clone(), type_name: field.type_name.clone(), values })
        };
        stated.fields.iter().map(read).collect()
    }
}

impl Item {
    /// Changes what a body states.
    fn set(&mut self, stated: Stated<'_>, fields: Vec<KeptField>) {
        if let Some(external_id) = stated.external_id {
            self.external_id = Some(external_id).filter(|id| !id.is_empty());
        }
        if let Some(tags) = stated.tags {
            self.tags = tags;
        }
        if let Some(files) = stated.files {
            self.files = files;
        }
        for field in fields {
            match self.fields.iter_mut().find(|known| known.name == field.name) {
                Some(known) => *known = field,
                None => self.fields.push(field),
            }
        }
    }
}

fn is_required(label: &str, external_id: &str) -> Refusal {
    Refusal::Invalid(format!("Missing value: the field \"{label}\" ({external_id}) is required"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::apps::{COMPANIES, LEADS, NoAccess};
    use crate::store::items::FIRST_ITEM;

    fn object(value: &Value) -> &Map<String, Value> {
        value.as_object().expect("an object")
    }

    #[test]
    fn an_update_keeps_what_it_does_not_state_and_checks_the_revision() {
        let mut records = Records::default();
        let change = json!({"fields": {"stage": "Won"}, "revision": 0});
        let updated = Updated { revision: 1, title: "Acme Ltd".to_owned() };
        assert_eq!(records.update_item(FIRST_ITEM, object(&change), 0, Switches::default()), Ok(updated));
        let stale = records.update_item(FIRST_ITEM, object(&change), 0, Switches::default());
        assert_eq!(stale, Err(Refusal::Conflict { revision: 1 }));
        let item = records.show_item(FIRST_ITEM, "http://h").expect("the item is there");
        assert_eq!(item["fields"][1]["values"][0]["value"]["text"], "Won");
        assert_eq!(item["external_id"], "crm-17");
    }

    #[test]
    fn a_refused_write_changes_nothing() {
        let mut records = Records::default();
        let before = records.show_item(FIRST_ITEM, "http://h").expect("the item is there");
        for change in [
            json!({"fields": {"title": "New", "nothing": 1}}),
            json!({"fields": {"title": "New", "stage": "On hold"}}),
            json!({"fields": {"title": "New", "weighted": 1}}),
            json!({"fields": {"title": "New", "old-source": "x"}}),
            json!({"fields": {"title": "New"}, "file_ids": [1]}),
        ] {
            let refused = records.update_item(FIRST_ITEM, object(&change), 0, Switches::default());
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{change}: {refused:?}");
        }
        assert_eq!(records.show_item(FIRST_ITEM, "http://h"), Ok(before));
        let empty = json!({"fields": {"name": []}});
        assert!(matches!(
            records.create_item(COMPANIES, object(&empty), 0, Switches::default()),
            Err(Refusal::Invalid(_))
        ));
        assert_eq!(records.items.of_app(COMPANIES).count(), 1);
        assert_eq!(records.items.of_app(LEADS).count(), 1);
    }

    #[test]
    fn a_deleted_item_is_not_an_unknown_one() {
        let mut records = Records::default();
        assert_eq!(records.delete_item(FIRST_ITEM, Switches::default()), Ok(()));
        assert_eq!(records.show_item(FIRST_ITEM, ""), Err(Refusal::Deleted));
        assert_eq!(records.show_item(1, ""), Err(NoAccess::Absent.into()));
    }
}
