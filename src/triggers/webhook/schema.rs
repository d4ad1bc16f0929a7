//! What the mapper sees of an event. Pure.

use serde_json::{Map, Value};

use crate::podio::{
    fields::App,
    items::metadata::{self, object, property},
};

/// An event; with its item, if `app` is given.
pub(super) fn event(app: Option<&App>) -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, title: &str, required: bool, order: u32, help: &str| {
        properties.insert(name.to_owned(), property("string", title, required, order, help));
    };
    add("type", "Event", true, 90, "What has happened, item.update for example.");
    add("hook_id", "Hook ID", true, 80, "The hook that Podio called.");
    add("item_id", "Item ID", false, 70, "The item that the event is about.");
    add("item_revision_id", "Item revision ID", false, 60, "The id of the item's revision, of events of items.");
    add("external_id", "External ID", false, 50, "The item's external id, if it has one.");
    add("comment_id", "Comment ID", false, 40, "The comment, of events of comments.");
    add("file_ids", "File IDs", false, 30, "The files, of file.change.");
    if let Some(app) = app {
        let mut item = metadata::item(app);
        item["title"] = "Item".into();
        item["required"] = false.into();
        item["order"] = 20.into();
        item["help"]["description"] =
            "The item as it is now; missing if it is gone, or the event is about none.".into();
        properties.insert("item".to_owned(), item);
    }
    object(properties)
}
