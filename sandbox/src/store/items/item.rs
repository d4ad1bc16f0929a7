//! An item, and how Podio shows it.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::FIRST_ITEM;
use crate::store::apps::{App, Field, Kind, visible};
use crate::store::profiles::ME;
use crate::store::values::{self, View, decimal};

/// The id that the first field of an item in a lenient app has.
const FIRST_FIELD: usize = 901;

/// An item. All times are in Podio's spelling.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) app: u64,
    pub(crate) revision: u64,
    pub(crate) revision_id: u64,
    pub(crate) first_revision_id: u64,
    pub(crate) created: String,
    /// When its last revision was made.
    pub(crate) edited: String,
    /// When anything last happened to it, a comment for example.
    pub(crate) last_event: String,
    pub(crate) external_id: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) files: Vec<u64>,
    pub(super) fields: Vec<KeptField>,
    /// The size of the request bodies that it was made of.
    pub(super) bytes: usize,
}

/// The values that an item has of a field.
#[derive(Clone, Debug)]
pub(super) struct KeptField {
    /// The field's external id, which never changes.
    pub(super) name: String,
    /// The field's type when the values were stated: under another type they are not shown.
    pub(super) type_name: String,
    pub(super) values: Vec<Value>,
}

impl Item {
    /// The kept values of a field; those of a calculation come from another field.
    pub(crate) fn values(&self, app: &App, field: &Field) -> Cow<'_, [Value]> {
        match field.kind {
            Kind::Calculation { of } => {
                let source = of.and_then(|id| app.fields.iter().find(|field| field.id == id));
                let value = source.and_then(|source| decimal(&self.kept_values(source).first()?["value"]));
                value.map(|value| json!({"value": value})).into_iter().collect()
            }
            _ => Cow::Borrowed(self.kept_values(field)),
        }
    }

    fn kept_values(&self, field: &Field) -> &[Value] {
        let is_meant = |kept: &&KeptField| kept.name == field.external_id && kept.type_name == field.type_name;
        self.fields.iter().find(is_meant).map_or(&[], |kept| &kept.values)
    }

    /// The ids of the fields whose values are others than they were before, or that have values if there was no before.
    /// Calculations have no values of their own.
    pub(super) fn changed_fields(&self, before: Option<&Self>, app: &App) -> Vec<u64> {
        if app.lenient {
            return Vec::new();
        }
        let was = |field| before.map_or(&[][..], |before| before.kept_values(field));
        let changed = app.fields.iter().filter(|field| field.is_active() && self.kept_values(field) != was(field));
        changed.map(|field| field.id).collect()
    }

    /// The text of the first text field that has one; without any the app's word for items, with a number.
    pub(crate) fn title(&self, app: &App) -> String {
        let texts = app.fields.iter().filter(|field| field.is_active() && field.kind == Kind::Text);
        let mut titles = texts.filter_map(|field| self.kept_values(field).first()?["value"].as_str());
        titles
            .find(|text| !text.is_empty())
            .map_or_else(|| format!("{} {}", app.item_name, self.number()), str::to_owned)
    }

    /// Its address for people.
    pub(super) fn link(&self, app: &App) -> String {
        format!("{}/items/{}", app.link(), self.number())
    }

    /// Counts the items; at Podio it counts those of the app.
    pub(crate) fn number(&self) -> u64 {
        self.id - FIRST_ITEM + 1
    }

    /// As a filter shows it: without its comments.
    pub(crate) fn show(&self, app: &App, view: View<'_>) -> Value {
        let files: Vec<Value> =
            self.files.iter().filter_map(|&id| Some(view.files.get(id)?.show(id, view.base))).collect();
        let mut item = self.reference(app);
        item["external_id"] = json!(self.external_id);
        item["last_event_on"] = json!(self.last_event);
        item["tags"] = json!(self.tags);
        item["file_count"] = json!(files.len());
        item["files"] = json!(files);
        item["initial_revision"] = revision(0, self.first_revision_id, &self.created, "creation");
        let kind = if self.revision == 0 { "creation" } else { "update" };
        item["current_revision"] = revision(self.revision, self.revision_id, &self.edited, kind);
        item["fields"] = if app.lenient { self.any_fields() } else { self.defined_fields(app, view) };
        item["rights"] = json!(["view", "update", "delete", "comment", "add_task", "add_file"]);
        item
    }

    /// As a field of another item shows it: without its values.
    pub(crate) fn reference(&self, app: &App) -> Value {
        let space = visible(app.space).map(|(space, _)| space);
        json!({
            "item_id": self.id, "app_item_id": self.number(), "title": self.title(app), "revision": self.revision,
            "link": self.link(app), "created_on": self.created,
            "created_by": ME.byline(), "app": app.of_item(), "space": space,
        })
    }

    /// The active fields that have values, in the order of the app.
    fn defined_fields(&self, app: &App, view: View<'_>) -> Value {
        let active = app.fields.iter().filter(|field| field.is_active());
        let shown = active.filter_map(|field| {
            let values = self.values(app, field);
            let values: Vec<Value> = values.iter().filter_map(|value| values::show(&field.kind, value, view)).collect();
            (!values.is_empty()).then(|| {
                json!({
                    "field_id": field.id, "external_id": field.external_id, "type": field.type_name,
                    "label": field.label, "config": field.settings(), "values": values,
                })
            })
        });
        shown.collect()
    }

    /// The fields of an item in a lenient app, as texts.
    fn any_fields(&self) -> Value {
        let shown = self.fields.iter().enumerate().map(|(index, KeptField { name, values, .. })| {
            json!({
                "field_id": FIRST_FIELD + index, "external_id": name, "type": "text", "label": name, "values": values,
            })
        });
        shown.collect()
    }
}

fn revision(number: u64, id: u64, created: &str, kind: &str) -> Value {
    json!({
        "revision": number, "item_revision_id": id, "created_on": created, "created_by": ME.byline(), "type": kind,
    })
}
