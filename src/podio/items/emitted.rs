//! An item as it is emitted: as Podio has it, and `fieldsByName` with the simple values of its fields. Pure.

use elasticio_runtime::platform::json::{ObjectWriter, RawObject, write_compact};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::podio::fields::{App, by_name};

/// The key of the simple values in an emitted item.
const BY_NAME: &str = "fieldsByName";
/// What an item says of itself.
#[derive(Default, Deserialize)]
pub(crate) struct ItemHead {
    /// Its id.
    #[serde(default)]
    pub(crate) item_id: u64,
    /// Its title.
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// Its newest revision.
    #[serde(default)]
    pub(crate) revision: Option<u64>,
    /// When it was made, in UTC.
    #[serde(default)]
    pub(crate) created_on: Option<String>,
    /// When it was last changed, where Podio says so beside the revision.
    #[serde(default)]
    last_edit_on: Option<String>,
    #[serde(default)]
    app: Option<AppHead>,
    #[serde(default)]
    current_revision: Option<RevisionHead>,
}

#[derive(Deserialize)]
struct AppHead {
    app_id: u64,
}

#[derive(Deserialize)]
struct RevisionHead {
    #[serde(default)]
    revision: Option<u64>,
    #[serde(default)]
    app_revision: Option<u64>,
    #[serde(default)]
    created_on: Option<String>,
}

impl ItemHead {
    /// Reads an item; `None` if it is not one.
    pub(crate) fn read(item: &RawValue) -> Option<Self> {
        serde_json::from_str(item.get()).ok().filter(|head: &Self| head.item_id > 0)
    }

    /// The app that it is in, if it says so.
    pub(crate) fn app_id(&self) -> Option<u64> {
        self.app.as_ref().map(|app| app.app_id)
    }

    /// Its newest revision.
    pub(crate) fn newest_revision(&self) -> Option<u64> {
        self.revision.or_else(|| self.current_revision.as_ref()?.revision)
    }

    /// When it was last changed, in UTC: when its newest revision was made. A comment does not count.
    pub(crate) fn last_edit_on(&self) -> Option<&str> {
        let of_revision = || self.current_revision.as_ref()?.created_on.as_deref();
        self.last_edit_on.as_deref().or_else(of_revision)
    }

    /// The revision of the app that it was last written with.
    pub(crate) fn app_revision(&self) -> Option<u64> {
        self.current_revision.as_ref()?.app_revision
    }
}

/// The values of an item's fields.
#[derive(Default, Deserialize)]
pub(crate) struct ItemValues {
    #[serde(default)]
    fields: Vec<Value>,
}

impl ItemValues {
    /// Reads those of an item; none if it is not one.
    pub(crate) fn read(item: &RawValue) -> Self {
        serde_json::from_str(item.get()).unwrap_or_default()
    }

    /// The values of a field.
    pub(crate) fn of(&self, external_id: &str) -> &[Value] {
        let field = self.fields.iter().find(|field| field["external_id"] == external_id);
        field.and_then(|field| field["values"].as_array()).map_or(&[], Vec::as_slice)
    }
}

/// An item with its simple values, as compact JSON. What has no list of fields stays as it is.
pub(crate) fn written_item(item: &RawValue, app: Option<&App>) -> Vec<u8> {
    let mut out = Vec::with_capacity(item.get().len());
    let object = RawObject::deserialize(item).unwrap_or_default();
    let fields: Option<Vec<Value>> = object.get("fields").and_then(|fields| serde_json::from_str(fields.get()).ok());
    let Some(fields) = fields else {
        write_compact(item.get(), &mut out);
        return out;
    };
    let mut writer = ObjectWriter::new(&mut out);
    for (key, value) in object.entries() {
        if key != *BY_NAME {
            writer.entry(&key, value);
        }
    }
    writer.value(BY_NAME, &by_name(&fields, app));
    writer.end();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    #[test]
    fn an_item_keeps_every_digit_and_gets_its_simple_values() {
        let item = raw(r#"{"item_id": 3352054999, "ratio": 1.50, "fieldsByName": 1,
                "fields": [{"external_id": "title", "type": "text", "values": [{"value": "Acme"}]}]}"#);
        assert_eq!(
            String::from_utf8_lossy(&written_item(&item, None)),
            r#"{"item_id":3352054999,"ratio":1.50,"fields":[{"external_id":"title","type":"text","values":[{"value":"Acme"}]}],"fieldsByName":{"title":"Acme"}}"#
        );
        for (odd, want) in [("[1, 2]", "[1,2]"), ("{}", "{}"), (r#"{"fields": 7}"#, r#"{"fields":7}"#)] {
            assert_eq!(String::from_utf8_lossy(&written_item(&raw(odd), None)), want);
        }
    }

    #[test]
    fn an_item_says_what_it_is() {
        let item = raw(
            r#"{"item_id":5,"title":"Acme","app":{"app_id":7},"current_revision":{"revision":3,"app_revision":9,"created_on":"2026-09-01 10:00:00"},
                "fields":[{"external_id":"a","values":[{"value":1}]},{"external_id":"b"}]}"#,
        );
        let head = ItemHead::read(&item).expect("an item");
        assert_eq!((head.app_id(), head.newest_revision(), head.app_revision()), (Some(7), Some(3), Some(9)));
        assert_eq!(head.last_edit_on(), Some("2026-09-01 10:00:00"));
        let values = ItemValues::read(&item);
        assert_eq!((values.of("a").len(), values.of("b").len(), values.of("c").len()), (1, 0, 0));
        assert!(ItemHead::read(&raw("{}")).is_none() && ItemHead::read(&raw("[]")).is_none());
    }
}
