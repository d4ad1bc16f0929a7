//! The forms of component.json: what a builder needs, and nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{component, listed};

/// Where Podio documents its API: `help.link` leads there.
const DOCUMENTATION: &str = "https://developers.podio.com/";

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// What an entry lacks, each with the place where it belongs.
pub(super) fn lacks(name: &str, entry: &Value) -> Vec<String> {
    let mut lacks = Vec::new();
    let mut need = |is_there: bool, what: &str| {
        if !is_there {
            lacks.push(format!("{name}: {what}"));
        }
    };
    need(is_text(&entry["help"]["description"]), "help.description must be a text");
    let link = entry["help"]["link"].as_str().unwrap_or_default();
    need(
        link.starts_with(DOCUMENTATION) && link.len() > DOCUMENTATION.len(),
        &format!("help.link must be a page of {DOCUMENTATION}"),
    );
    let (mut labels, mut orders) = (BTreeSet::new(), BTreeSet::new());
    for (field, view) in entry["fields"].as_object().into_iter().flatten() {
        let mut need = |is_there, what: &str| need(is_there, &format!("fields.{field}.{what}"));
        need(is_text(&view["help"]["description"]), "help.description must be a text");
        need(is_text(&view["label"]), "label must be a text");
        need(labels.insert(view["label"].as_str()), "label must differ from those of the other fields");
        need(view["required"].is_boolean(), "required must be true or false");
        if name != "credentials" {
            need(view["order"].is_i64(), "order must be a whole number");
            need(orders.insert(view["order"].as_i64()), "order must differ from those of the other fields");
        }
        match view["viewClass"].as_str() {
            Some("SelectView" | "MultiSelectView") => {
                need(
                    view["model"].is_string() || view["model"].is_object(),
                    "model must be a method, or choices with labels",
                );
                need(is_text(&view["prompt"]), "prompt must be a text");
            }
            Some("TextFieldView") => need(is_text(&view["placeholder"]), "placeholder must be a text"),
            Some("CheckBoxView" | "HTTPAuthView") => {}
            _ => need(
                false,
                "viewClass must be TextFieldView, CheckBoxView, SelectView, MultiSelectView or HTTPAuthView",
            ),
        }
        for needed in view["require"].as_array().into_iter().flatten() {
            let is_field = needed.as_str().is_some_and(|needed| entry["fields"][needed].is_object());
            need(is_field, &format!("require must name fields, but {needed} is none"));
        }
    }
    lacks
}

/// What an action or a trigger has beside what credentials have, too.
pub(super) fn lacks_of_function(entry: &Value) -> Vec<&'static str> {
    let title = (!is_text(&entry["title"])).then_some("title must be a text");
    let order = (!entry["order"].is_i64()).then_some("order must be a whole number");
    title.into_iter().chain(order).collect()
}

#[test]
fn every_form_explains_itself() {
    let component = component();
    let mut lacking = lacks("credentials", &component["credentials"]);
    lacking.extend(lacks("the component", &component));
    for (name, entry) in listed(&component) {
        lacking.extend(lacks(name, entry));
        lacking.extend(lacks_of_function(entry).into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(lacking.is_empty(), "component.json:\n{}", lacking.join("\n"));
}

/// What two entries of a manifest have both: a builder could not tell them apart, or their order would be any.
pub(super) fn clashes(component: &Value) -> Vec<String> {
    let (mut titles, mut places) = (BTreeMap::new(), BTreeMap::new());
    let mut clashes = Vec::new();
    for (name, entry) in listed(component) {
        let is_trigger = component["triggers"].get(name).is_some();
        if let Some(other) = titles.insert(entry["title"].as_str(), name) {
            clashes.push(format!("{other} and {name} have the same title"));
        }
        if let Some(other) = places.insert((is_trigger, entry["order"].as_i64()), name) {
            clashes.push(format!("{other} and {name} have the same order"));
        }
    }
    clashes
}

#[test]
fn no_title_and_no_order_is_taken_twice() {
    assert_eq!(clashes(&component()), Vec::<String>::new());
}

#[test]
fn what_an_entry_lacks_is_named_with_its_place() {
    let lacking = lacks("a", &serde_json::json!({ "help": {}, "fields": { "f": { "viewClass": "Select" } } }));
    for what in [
        "a: help.description must be",
        "a: help.link must be",
        "a: fields.f.label must be",
        "a: fields.f.order must be",
        "a: fields.f.viewClass must be",
    ] {
        assert!(lacking.iter().any(|lack| lack.starts_with(what)), "{what}: {lacking:?}");
    }
}
