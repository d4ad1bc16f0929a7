//! References: to items of other apps, to people, and to files.

use serde_json::{Value, json};

use super::{Problem, View, wrong};
use crate::store::files::Files;
use crate::store::items::Items;
use crate::store::profiles::Profile;

/// The id of an item in one of these apps.
pub(super) fn read_item(stated: &Value, apps: &[u64], items: &Items) -> Result<Value, Problem> {
    let id = stated.as_u64().ok_or_else(|| wrong(stated, "must be integer"))?;
    match items.find(id) {
        Ok(item) if apps.contains(&item.app) => Ok(json!({"value": id})),
        Ok(_) => Err(wrong(stated, "the referenced item is in an app that the field does not refer to")),
        Err(_) => Err(wrong(stated, "the referenced item is not valid")),
    }
}

pub(super) fn show_item(kept: &Value, view: View<'_>) -> Option<Value> {
    let item = view.items.find(kept["value"].as_u64()?).ok()?;
    let app = view.apps.open(item.app).ok()?;
    Some(json!({"value": item.reference(&app)}))
}

/// A person, by the id of the profile or as `{"type": "user" | "profile" | "mail", "id": …}`.
pub(super) fn read_contact(stated: &Value) -> Result<Value, Problem> {
    let person = match stated {
        Value::Object(parts) if parts.contains_key("type") => Profile::identified(stated),
        Value::Object(parts) => parts.get("value").and_then(Value::as_u64).and_then(Profile::by_id),
        _ => stated.as_u64().and_then(Profile::by_id),
    };
    let person = person.ok_or_else(|| wrong(stated, "there is no such profile"))?;
    Ok(json!({"value": person.id}))
}

pub(super) fn show_contact(kept: &Value) -> Option<Value> {
    Some(json!({"value": Profile::by_id(kept["value"].as_u64()?)?.show()}))
}

/// The id of an uploaded file, of an image if it must be one.
pub(super) fn read_file(stated: &Value, image: bool, files: &Files) -> Result<Value, Problem> {
    let id = stated.as_u64().ok_or_else(|| wrong(stated, "must be integer"))?;
    let file = files.get(id).ok_or_else(|| wrong(stated, "there is no such file"))?;
    if image && !file.media_type.starts_with("image/") {
        return Err(wrong(stated, &format!("the file is no image but {}", file.media_type)));
    }
    Ok(json!({"value": id}))
}

pub(super) fn show_file(kept: &Value, view: View<'_>) -> Option<Value> {
    let id = kept["value"].as_u64()?;
    Some(json!({"value": view.files.get(id)?.show(id, view.base)}))
}
