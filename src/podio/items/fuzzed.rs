//! Properties of items, whatever a builder or Podio sends: nothing panics, errors are short, and their log texts hold no
//! value; what is read from an item is taken as it is, or refused in words.

use std::sync::LazyLock;

use serde_json::{Value, value::RawValue};

use super::{Criterion, ItemInput, Query, emitted::written_item, metadata};
use crate::podio::fields::{App, Draft, Given, Problems};

/// An app with a field of every type.
static APP: LazyLock<App> =
    LazyLock::new(|| App::read(include_str!("../../../fuzz/seeds/item_values/app.json")).expect("an app"));

/// Bytes of the longest error: 20 problems, each with the field's title, its options and a shortened value.
const MAX_ERROR: usize = 20 * 1000;

/// A message's body, criteria, an item, and an app's definition.
pub fn item_values(data: &[u8]) {
    let Ok(raw) = serde_json::from_slice::<&RawValue>(data) else { return };
    if let Ok(input) = ItemInput::read(Some(raw)) {
        let draft = || Draft::read(&APP, input.fields).with(input.problems.clone());
        for fields in [draft().for_create(), draft().for_update()] {
            match fields {
                Ok(fields) => assert!(input.body(&fields)["fields"].is_object()),
                Err(problems) => short(&problems),
            }
        }
    }
    if let Err(problems) = Query::read(&APP, Some(raw)) {
        short(&problems);
    }
    item(raw);
    if let Some(app) = App::read(raw.get()) {
        for criterion in [None, Some(Criterion::ExternalId)] {
            assert!(metadata::written(&app, criterion, false)["properties"]["fields"].is_object());
        }
        assert!(metadata::item(&app)["properties"].is_object() && metadata::criteria(&app)["properties"].is_object());
        drop(Criterion::choices(&app));
    }
}

/// What is emitted of an item is JSON, and its simple values can be given back.
fn item(raw: &RawValue) {
    let out = written_item(raw, Some(&APP));
    let emitted: &RawValue = serde_json::from_slice(&out).expect("what is emitted is JSON");
    let Ok(emitted) = serde_json::from_str::<Value>(emitted.get()) else { return };
    let text = emitted["fieldsByName"].to_string();
    let again: &RawValue = serde_json::from_str(&text).expect("JSON");
    if let Err(problems) = Draft::read(&APP, Some(Given::new(again))).for_update() {
        short(&problems);
    }
}

fn short(problems: &Problems) {
    let failure = problems.failure(&APP);
    assert!(failure.message().len() < MAX_ERROR, "an error has {} bytes", failure.message().len());
    // The text for the log holds no value.
    let log = failure.to_string();
    assert!(log.ends_with(" of the message does not fit") || log.ends_with(" of the message do not fit"), "{log}");
}
