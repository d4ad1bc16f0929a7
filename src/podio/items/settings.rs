//! The fields of a step that works with items, as its builder filled them in.

use elasticio_runtime::action::Failure;
use serde_json::{Map, Value};

use crate::podio::checkbox::is_ticked;

/// The fields; empty ones are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct ItemSettings {
    fields: Map<String, Value>,
}

/// How several results are emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmitBehavior {
    /// All in one message.
    All,
    /// A message for each page.
    Page,
    /// A message for each item.
    Individually,
}

/// The names of the fields, as in component.json.
const NAMES: &[&str] = &[
    "organization",
    "space",
    "app",
    "lookupCriteria",
    "suppressHooks",
    "silent",
    "allowCriteriaToBeOmitted",
    "allowZeroResults",
    "emitBehavior",
    "pageSize",
    "maxPages",
    "sortBy",
    "sortDescending",
    "objectType",
    "pollConfig",
    "startTime",
    "endTime",
    "singlePagePerInterval",
    "events",
    "emitItem",
];

impl ItemSettings {
    pub(crate) fn read(fields: &Map<String, Value>) -> Self {
        let is_set = |value: &Value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty());
        let named = NAMES.iter().filter_map(|name| Some(((*name).to_owned(), fields.get(*name)?.clone())));
        Self { fields: named.filter(|(_, value)| is_set(value)).collect() }
    }

    /// A field's text; numbers as they are written.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The texts of a select box of several; a text may also hold several with commas between them.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let texts: Vec<&str> = match self.fields.get(name) {
            Some(Value::String(text)) => text.split(',').collect(),
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        texts.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }

    /// Whether a checkbox is ticked.
    pub(crate) fn flag(&self, name: &str) -> bool {
        is_ticked(self.fields.get(name))
    }

    /// The chosen app's id.
    ///
    /// # Errors
    /// If none is chosen, or the choice is no id.
    pub(crate) fn app(&self) -> Result<u64, Failure> {
        let Some(text) = self.text("app") else {
            return Err(Failure::input("The step's App is not chosen: choose it, or enter its id in Podio."));
        };
        text.parse().ok().filter(|id| *id > 0).ok_or_else(|| {
            Failure::input(
                "The step's App (app) must be the id of an app in Podio, a whole number: choose the app again.",
            )
        })
    }

    /// How several results are emitted; `default` if nothing is chosen.
    ///
    /// # Errors
    /// If what is chosen is none of the choices.
    pub(crate) fn emit_behavior(&self, default: EmitBehavior) -> Result<EmitBehavior, Failure> {
        match self.text("emitBehavior").as_deref() {
            None => Ok(default),
            Some("emitAll") => Ok(EmitBehavior::All),
            Some("emitPage") => Ok(EmitBehavior::Page),
            Some("emitIndividually") => Ok(EmitBehavior::Individually),
            Some(_) => Err(Failure::input(
                "The step's Emit Behavior (emitBehavior) must be one of emitAll, emitPage, emitIndividually.",
            )),
        }
    }

    /// A field that is a whole number.
    ///
    /// # Errors
    /// If it is not one from 1 to `max`. `label` is what the form calls it.
    pub(crate) fn number(&self, name: &str, label: &str, max: u64) -> Result<Option<u64>, Failure> {
        if !self.fields.contains_key(name) {
            return Ok(None);
        }
        let number = self.text(name).and_then(|text| text.parse().ok()).filter(|number| (1..=max).contains(number));
        let unfit = || Failure::input(format!("The step's {label} ({name}) must be a whole number from 1 to {max}."));
        number.map(Some).ok_or_else(unfit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(value: &Value) -> ItemSettings {
        ItemSettings::read(value.as_object().expect("an object"))
    }

    #[test]
    fn what_a_builder_fills_in_is_read_leniently() {
        let filled =
            settings(&json!({ "app": " 30816001 ", "silent": "true", "pageSize": 50, "oauth": {}, "space": "" }));
        assert_eq!(filled.app().ok(), Some(30_816_001));
        assert!(filled.flag("silent") && !filled.flag("suppressHooks"));
        assert_eq!(filled.number("pageSize", "Page Size", 500).ok().flatten(), Some(50));
        assert_eq!(filled.number("maxPages", "Pages", 500).ok().flatten(), None);
        assert_eq!(filled.emit_behavior(EmitBehavior::All).ok(), Some(EmitBehavior::All));
        assert_eq!(filled.text("space"), None);
        for events in [json!(["item.create", " item.update"]), json!("item.create, item.update,")] {
            assert_eq!(settings(&json!({ "events": events })).texts("events"), ["item.create", "item.update"]);
        }
        assert!(!format!("{filled:?}").contains("oauth"));
    }

    #[test]
    fn a_wrong_field_is_named() {
        let wrong = settings(&json!({ "app": "Leads", "pageSize": "0", "emitBehavior": "emitTwice" }));
        for failure in [
            wrong.app().map(drop),
            settings(&json!({ "app": 0 })).app().map(drop),
            wrong.number("pageSize", "Page Size", 500).map(drop),
            wrong.emit_behavior(EmitBehavior::All).map(drop),
            settings(&json!({})).app().map(drop),
        ] {
            let failure = failure.expect_err("wrong");
            assert!(failure.message().starts_with("The step's "), "{failure}");
        }
    }
}
