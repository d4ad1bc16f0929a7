//! The step's fields. Pure.

use elasticio_runtime::action::Failure;

use crate::podio::items::ItemSettings;

/// What a hook on an app may wait for (<https://developers.podio.com/doc/hooks>).
const EVENTS: &[&str] = &[
    "item.create",
    "item.update",
    "item.delete",
    "comment.create",
    "comment.delete",
    "file.change",
    "app.update",
    "app.delete",
    "form.create",
    "form.update",
    "form.delete",
];

/// The fields of a step.
#[derive(Debug)]
pub(super) struct WebhookSettings {
    /// The app's id.
    pub(super) app: u64,
    /// The chosen events, each once.
    pub(super) events: Vec<&'static str>,
    /// Whether an event is emitted with its item.
    pub(super) emit_item: bool,
}

impl WebhookSettings {
    /// Reads the step's fields.
    ///
    /// # Errors
    /// The field that is wrong.
    pub(super) fn read(settings: &ItemSettings) -> Result<Self, Failure> {
        let mut events = Vec::new();
        for chosen in settings.texts("events") {
            let known = EVENTS.iter().find(|event| **event == chosen);
            let event = known.ok_or_else(|| {
                let known = EVENTS.join(", ");
                Failure::input(format!("The step's Events (events) must be of {known}."))
            })?;
            if !events.contains(event) {
                events.push(*event);
            }
        }
        if events.is_empty() {
            return Err(Failure::input("The step's Events (events) are not chosen: choose at least one."));
        }
        Ok(Self { app: settings.app()?, events, emit_item: settings.flag("emitItem") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(fields: &Value) -> Result<WebhookSettings, String> {
        let settings = ItemSettings::read(fields.as_object().expect("an object"));
        WebhookSettings::read(&settings).map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn events_are_chosen_once_each_and_only_those_that_podio_has() {
        let settings = read(&json!({ "app": 7, "events": ["item.create", "item.update", "item.create"] }));
        assert_eq!(settings.map(|settings| settings.events), Ok(vec!["item.create", "item.update"]));
        for events in [json!([]), json!(""), json!(["item.create", "task.create"]), json!(7)] {
            let error = read(&json!({ "app": 7, "events": events })).expect_err("wrong");
            assert!(error.starts_with("The step's Events (events) "), "{error}");
        }
        assert!(read(&json!({ "events": ["item.create"] })).expect_err("no app").contains("App"));
    }

    #[test]
    fn the_form_offers_the_events() {
        let component: Value = serde_json::from_str(include_str!("../../../component.json")).expect("JSON");
        let model = component["triggers"]["webhook"]["fields"]["events"]["model"].as_object().expect("choices");
        assert!(EVENTS.iter().all(|event| model.contains_key(*event)) && model.len() == EVENTS.len());
    }
}
