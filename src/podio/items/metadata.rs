//! The schemas of the actions with items, made of the chosen app's definition (protocol, sections 12 and 14). Pure.

use serde_json::{Map, Value, json};

use super::criterion::Criterion;
use crate::podio::fields::{App, Use, criteria_properties, fields_schema};

/// A property of a schema. The one with the highest `order` comes first.
pub(crate) fn property(kind: &str, title: &str, required: bool, order: u32, help: &str) -> Value {
    json!({ "type": kind, "title": title, "required": required, "order": order, "help": { "description": help } })
}

/// An object with these properties.
pub(crate) fn object(properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": Value::Object(properties) })
}

fn text(title: &str, required: bool, order: u32, help: &str) -> Value {
    property("string", title, required, order, help)
}

fn number(title: &str, required: bool, order: u32, help: &str) -> Value {
    property("number", title, required, order, help)
}

/// A message that writes an item: one that is looked up first, or with `None` a new one.
pub(crate) fn written(app: &App, criterion: Option<Criterion<'_>>, must_exist: bool) -> Value {
    let is_new = criterion.is_none();
    let by_item_id = matches!(criterion, Some(Criterion::ItemId));
    let by_external_id = matches!(criterion, Some(Criterion::ExternalId));
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| properties.insert(name.to_owned(), schema);
    if by_item_id {
        let help = if must_exist { "The item's id in Podio." } else { "The item's id in Podio. Empty: a new item." };
        add("itemId", number("Item ID", must_exist, 60, help));
    }
    let help = "The id that another system gives the item. Podio does not keep it unique.";
    add("externalId", text("External ID", by_external_id, 50, help));
    let purpose = if is_new { Use::Create } else { Use::Change };
    let help = "The values of the item's fields. An empty value clears a field of an item that exists.";
    let mut fields = fields_schema(app, purpose, "Fields", 40, help);
    if let Some(Criterion::Field(field)) = criterion {
        fields["properties"][&field.external_id]["required"] = true.into();
        fields["required"] = true.into();
    }
    add("fields", fields);
    let strings = json!({ "type": "string" });
    let mut tags = property("array", "Tags", false, 30, "Texts: a list, or one text with commas between them.");
    tags["items"] = strings;
    add("tags", tags);
    let mut files = property("array", "File IDs", false, 20, "Uploaded files to attach: file_id of Upload File.");
    files["items"] = json!({ "type": "number" });
    add("fileIds", files);
    if !is_new {
        let help = "The revision that was read. If the item has a newer one, nothing is written and the step fails.";
        add("revision", number("Revision", false, 10, help));
    }
    object(properties)
}

/// The result of writing an item.
pub(crate) fn write_result() -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| properties.insert(name.to_owned(), schema);
    add("item_id", number("Item ID", true, 60, "The item's id in Podio."));
    add("created", property("boolean", "Created", true, 50, "True: the item is new. False: it was changed."));
    add("title", text("Title", false, 40, "The item's title."));
    add("revision", number("Revision", false, 30, "The item's newest revision."));
    let help = "Other items with the external id of a new item; empty if there is none. Two steps that create at the \
                same moment make two.";
    let mut others = property("array", "Other items with the external id", false, 20, help);
    others["items"] = json!({ "type": "number" });
    add("otherItemIds", others);
    object(properties)
}

/// A message that names the item to look up.
pub(crate) fn lookup(app: &App, criterion: Criterion<'_>, may_be_empty: bool) -> Value {
    let (title, mut value) = match criterion {
        Criterion::ItemId => ("Item ID".to_owned(), number("", false, 10, "The item's id in Podio.")),
        Criterion::ExternalId => {
            ("External ID".to_owned(), text("", false, 10, "The id that another system gave the item."))
        }
        Criterion::Field(field) => {
            let all = fields_schema(app, Use::Read, "", 10, "");
            (field.label.clone(), all["properties"][&field.external_id].clone())
        }
    };
    value["title"] = title.into();
    value["required"] = (!may_be_empty).into();
    object(Map::from_iter([("lookupValue".to_owned(), value)]))
}

/// The criteria of a lookup of many.
pub(crate) fn criteria(app: &App) -> Value {
    let range = |title: &str, order: u32| {
        let mut range = property("object", title, false, order, "From and to, either may be empty: days or times.");
        range["properties"] = json!({
            "from": { "type": "string", "title": "From", "required": false },
            "to": { "type": "string", "title": "To", "required": false },
        });
        range
    };
    let mut filters = property("object", "Filters", false, 50, "Values that the items' fields must have.");
    filters["properties"] = Value::Object(criteria_properties(app));
    let mut tags = property("array", "Tags", false, 10, "Tags that the items must have.");
    tags["items"] = json!({ "type": "string" });
    object(Map::from_iter([
        ("filters".to_owned(), filters),
        ("createdOn".to_owned(), range("Created", 40)),
        ("lastEditOn".to_owned(), range("Last edited", 30)),
        ("externalId".to_owned(), text("External ID", false, 20, "The id that another system gave the item.")),
        ("tags".to_owned(), tags),
    ]))
}

/// An item that is emitted.
pub(crate) fn item(app: &App) -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| properties.insert(name.to_owned(), schema);
    add("item_id", number("Item ID", true, 90, "The item's id in Podio."));
    add("title", text("Title", false, 80, "The item's title."));
    let help = "The values of the item's fields, by external id, in the shape that the actions with items take.";
    add("fieldsByName", fields_schema(app, Use::Read, "Fields by name", 70, help));
    add("external_id", text("External ID", false, 60, "The id that another system gave the item."));
    add("revision", number("Revision", false, 50, "The item's newest revision."));
    add("created_on", text("Created", false, 40, "When the item was created, in UTC."));
    add("link", text("Link", false, 30, "The item's page in Podio."));
    let mut tags = property("array", "Tags", false, 20, "The item's tags.");
    tags["items"] = json!({ "type": "string" });
    add("tags", tags);
    let mut fields = property("array", "Fields", false, 10, "The fields as Podio has them.");
    fields["items"] = json!({ "type": "object" });
    add("fields", fields);
    object(properties)
}

/// A list of items in one message.
pub(crate) fn items(app: &App) -> Value {
    let mut results = property("array", "Results", true, 10, "The items.");
    results["items"] = item(app);
    object(Map::from_iter([("results".to_owned(), results)]))
}
