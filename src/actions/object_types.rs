//! The types of Podio objects: the choices of the select boxes, and the path of each type (protocol, sections 8.4 and
//! 8.5). Pure.

use elasticio_runtime::{
    action::Failure,
    platform::json::{Kind, RawObject, text_of},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::rest::address::segment;

/// A type of object.
pub(super) struct ObjectType {
    /// Its value in the step's field `objectType`.
    key: &'static str,
    /// Its label in the select box.
    label: &'static str,
    /// The path before the id.
    path: &'static str,
}

const fn kind(key: &'static str, label: &'static str, path: &'static str) -> ObjectType {
    ObjectType { key, label, path }
}

/// The type of the items of apps.
pub(super) const ITEM: &str = "item";

/// The types that `lookupObjectById` gets: those that Podio returns by their id.
pub(super) const LOOKUP: &[ObjectType] = &[
    kind("action", "Action", "/action/"),
    kind("app", "App", "/app/"),
    kind("batch", "Batch", "/batch/"),
    kind("comment", "Comment", "/comment/"),
    kind("file", "File", "/file/"),
    kind("flow", "Flow", "/flow/"),
    kind("form", "Form", "/form/"),
    kind("integration", "Integration", "/integration/"),
    kind(ITEM, "Item", "/item/"),
    kind("notification", "Notification", "/notification/"),
    kind("organization", "Organization", "/org/"),
    kind("space", "Space", "/space/"),
    kind("status", "Status", "/status/"),
    kind("task", "Task", "/task/"),
    kind("view", "View", "/view/"),
    kind("widget", "Widget", "/widget/"),
];

/// The types that `deleteObjectById` deletes: those that Podio deletes by their id.
pub(super) const DELETE: &[ObjectType] = &[
    kind("app", "App", "/app/"),
    kind("comment", "Comment", "/comment/"),
    kind("file", "File", "/file/"),
    kind("flow", "Flow", "/flow/"),
    kind("form", "Form", "/form/"),
    kind("hook", "Hook", "/hook/"),
    kind("integration", "Integration", "/integration/"),
    kind(ITEM, "Item", "/item/"),
    kind("label", "Label", "/task/label/"),
    kind("space", "Space", "/space/"),
    kind("status", "Status", "/status/"),
    kind("task", "Task", "/task/"),
    kind("view", "View", "/view/"),
    kind("voting", "Voting Object", "/voting/"),
    kind("widget", "Widget", "/widget/"),
];

/// The types that `createComment` comments on.
pub(super) const COMMENTED: &[ObjectType] = &[
    kind(ITEM, "Item", "/comment/item/"),
    kind("status", "Status", "/comment/status/"),
    kind("task", "Task", "/comment/task/"),
];

/// The choices of a select box: key → label.
pub(super) fn choices(types: &[ObjectType]) -> Value {
    let entries = types.iter().map(|kind| (kind.key.to_owned(), kind.label.into()));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// A reference to an object.
pub(super) struct ObjectRef<'a> {
    /// `idValue` as received.
    pub(super) id: &'a RawValue,
    /// The object's path, with the id escaped as one segment.
    pub(super) path: String,
}

impl<'a> ObjectRef<'a> {
    /// Reads `idValue` from a message's body. `chosen` is the step's object type, one of `types`.
    pub(super) fn read(
        body: Option<&'a RawValue>,
        types: &[ObjectType],
        chosen: Option<&str>,
    ) -> Result<Self, Failure> {
        let id = body
            .and_then(|body| RawObject::deserialize(body).ok())
            .and_then(|fields| fields.get("idValue"))
            .ok_or_else(no_id)?;
        // As in the Node.js component, a falsy value counts as missing, and `true` is used as an id.
        let text = match Kind::of(id) {
            Kind::Text => text_of(id).ok_or_else(no_id)?,
            Kind::Number if id.get().parse() != Ok(0.0_f64) => id.get().to_owned(),
            Kind::Boolean if id.get() == "true" => id.get().to_owned(),
            Kind::Null | Kind::Boolean | Kind::Number => return Err(no_id()),
            other => {
                return Err(Failure::input(format!(
                    "The field \"idValue\" (ID Value) must be text or a number, but it is {other}."
                )));
            }
        };
        if text.is_empty() {
            return Err(no_id());
        }
        let segment = segment(&text)
            .ok_or_else(|| Failure::input("The field \"idValue\" (ID Value) is not the id of an object."))?;
        let kind = types.iter().find(|kind| Some(kind.key) == chosen);
        let kind = kind.ok_or_else(|| chosen.map_or_else(|| unchosen(types), unsupported))?;
        Ok(Self { id, path: format!("{}{segment}", kind.path) })
    }
}

/// Flows match on this text.
fn unsupported(chosen: &str) -> Failure {
    Failure::input(format!("Unsupported Object Type - {chosen}"))
}

fn unchosen(types: &[ObjectType]) -> Failure {
    let all = types.iter().map(|kind| kind.key).collect::<Vec<_>>().join(", ");
    Failure::input(format!("The step's Object Type is not chosen. Choose one of: {all}."))
}

fn no_id() -> Failure {
    Failure::input("No \"ID Value\" provided!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(body: &str, types: &[ObjectType], chosen: Option<&str>) -> Result<String, String> {
        let raw: Box<RawValue> = serde_json::from_str(body).expect("valid JSON");
        ObjectRef::read(Some(&raw), types, chosen)
            .map(|object| object.path)
            .map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn ids_are_one_segment_of_the_types_path() {
        for (body, chosen, want) in [
            (r#"{"idValue":"42"}"#, "item", "/item/42"),
            (r#"{"idValue":42}"#, "item", "/item/42"),
            (r#"{"idValue":12345678901234567890}"#, "organization", "/org/12345678901234567890"),
            (r#"{"idValue":"0"}"#, "item", "/item/0"),
            (r#"{"idValue":"0.0"}"#, "item", "/item/0.0"),
            (r#"{"idValue":"false"}"#, "item", "/item/false"),
            (r#"{"idValue":true}"#, "item", "/item/true"),
            (r#"{"idValue":"42/comments"}"#, "item", "/item/42%2Fcomments"),
            (r#"{"idValue":"\ud800"}"#, "item", "/item/%EF%BF%BD"),
            (r#"{"\udc00":1,"idValue":"42"}"#, "item", "/item/42"),
            (r#"{"idValue":"a b?c#d%ü"}"#, "task", "/task/a%20b%3Fc%23d%25%C3%BC"),
        ] {
            assert_eq!(path(body, LOOKUP, Some(chosen)).as_deref(), Ok(want));
        }
        assert_eq!(path(r#"{"idValue":"9"}"#, DELETE, Some("label")).as_deref(), Ok("/task/label/9"));
    }

    #[test]
    fn bad_input_is_reported() {
        for id in ["\"\"", "null", "0", "-0", "0.0", "0e7", "false"] {
            let body = format!("{{\"idValue\":{id}}}");
            assert_eq!(path(&body, LOOKUP, Some("item")).expect_err(id), "No \"ID Value\" provided!");
        }
        for body in ["{}", "[]"] {
            assert_eq!(path(body, LOOKUP, Some("item")).expect_err(body), "No \"ID Value\" provided!");
        }
        assert!(path(r#"{"idValue":[1]}"#, LOOKUP, Some("item")).expect_err("array").contains("idValue"));
        assert!(path(r#"{"idValue":".."}"#, LOOKUP, Some("item")).expect_err("dots").contains("idValue"));
        assert_eq!(path(r#"{"idValue":1}"#, LOOKUP, Some("nope")).expect_err("type"), "Unsupported Object Type - nope");
        assert_eq!(path(r#"{"idValue":1}"#, LOOKUP, Some("")).expect_err("type"), "Unsupported Object Type - ");
        let unset = path(r#"{"idValue":1}"#, LOOKUP, None).expect_err("no type");
        assert!(unset.contains("not chosen") && unset.contains("item, notification"), "{unset}");
    }
}
