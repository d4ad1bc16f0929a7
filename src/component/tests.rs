//! component.json, the registry, the models and the schemas agree.

use std::{collections::BTreeSet, path::Path};

use elasticio_runtime::{
    settings::{Reader, Source},
    stop::Stop,
};
use serde_json::Value;

use super::*;
use crate::{
    USER_AGENT,
    podio::{PODIO, read_settings},
    rest::RetryFields,
};

const COMPONENT: &str = include_str!("../../component.json");

fn component() -> Value {
    serde_json::from_str(COMPONENT).expect("component.json is JSON")
}

/// The registry of a step without a credential.
fn registry_without_credential() -> Registry {
    let settings = read_settings(&mut Reader::new(&Source::default()));
    let files = actions::Files::new(USER_AGENT, None, &settings).expect("a client");
    let podio = ApiClient::new(USER_AGENT, &PODIO, settings, None, RetryFields::default()).expect("a client");
    registry(&Arc::new(podio), &StepConfig::default(), &files)
}

/// The actions and triggers of component.json.
fn listed(component: &Value) -> impl Iterator<Item = (&String, &Value)> {
    ["actions", "triggers"].into_iter().filter_map(|kind| component[kind].as_object()).flatten()
}

#[test]
fn component_json_and_the_registry_have_the_same_actions_and_triggers() {
    let (component, registry) = (component(), registry_without_credential());
    let listed: BTreeSet<&str> = listed(&component).map(|(name, _)| name.as_str()).collect();
    let registered: BTreeSet<&str> = registry.names().collect();
    let (unregistered, unlisted): (Vec<_>, Vec<_>) =
        (listed.difference(&registered).collect(), registered.difference(&listed).collect());
    assert!(
        unregistered.is_empty() && unlisted.is_empty(),
        "only in component.json: {unregistered:?}; only in the registries of src/actions/mod.rs and src/triggers/mod.rs: {unlisted:?}"
    );
    let kinds = ["actions", "triggers"].map(|kind| component[kind].as_object().map_or(0, Map::len));
    assert_eq!(kinds.iter().sum::<usize>(), listed.len(), "an action and a trigger have the same name");
    assert_eq!(component["version"], env!("CARGO_PKG_VERSION"));
}

/// The texts and places of a form: what a builder needs, and nothing twice.
#[test]
fn every_field_of_a_form_explains_itself() {
    let component = component();
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    let credentials = &component["credentials"];
    let forms = listed(&component).map(|(name, function)| (name.as_str(), function));
    let is_trigger = |name: &str| component["triggers"].get(name).is_some();
    let mut titles = BTreeSet::new();
    let mut places = BTreeSet::new();
    for (name, form) in forms.chain([("credentials", credentials)]) {
        assert!(is_text(&form["help"]["description"]) && is_text(&form["help"]["link"]), "{name}: help");
        if name != "credentials" {
            assert!(titles.insert(form["title"].as_str()), "{name}: another one has its title");
            assert!(
                places.insert((is_trigger(name), form["order"].as_i64().expect("an order"))),
                "{name}: another one has its order"
            );
        }
        let (mut labels, mut orders) = (BTreeSet::new(), BTreeSet::new());
        for (field, view) in form["fields"].as_object().into_iter().flatten() {
            assert!(is_text(&view["help"]["description"]), "{name}.{field} has no help");
            assert!(is_text(&view["label"]) && labels.insert(view["label"].as_str()), "{name}.{field}: label");
            assert!(view["required"].is_boolean(), "{name}.{field}: required");
            match view["viewClass"].as_str() {
                Some("SelectView" | "MultiSelectView") => {
                    assert!(view["model"].is_string() || view["model"].is_object(), "{name}.{field} has no model");
                    assert!(is_text(&view["prompt"]), "{name}.{field} has no prompt");
                }
                Some("TextFieldView") => assert!(is_text(&view["placeholder"]), "{name}.{field} has no placeholder"),
                Some("CheckBoxView" | "HTTPAuthView") => {}
                other => panic!("{name}.{field}: {other:?}"),
            }
            if name != "credentials" {
                assert!(orders.insert(view["order"].as_i64().expect("an order")), "{name}.{field}: order");
            }
            for needed in view["require"].as_array().into_iter().flatten() {
                let needed = needed.as_str().expect("a field's name");
                assert!(form["fields"][needed].is_object(), "{name}.{field} needs {needed}, which is no field");
            }
        }
    }
    assert!(is_text(&component["help"]["description"]) && is_text(&component["help"]["link"]), "the component: help");
}

/// Former names stay for the flows that have them, at the end of the list, and say so.
#[test]
fn former_names_are_deprecated() {
    let component = component();
    let deprecated = listed(&component).filter(|(_, function)| function["deprecated"] == true);
    assert_eq!(deprecated.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["makeRawRequest"]);
    let (old, new) = (&component["actions"]["makeRawRequest"], &component["actions"]["customRequest"]);
    for key in ["main", "fields", "metadata"] {
        assert_eq!(old[key], new[key], "{key}");
    }
    assert!(listed(&component).all(|(_, function)| function["order"].as_i64() >= old["order"].as_i64()));
}

/// Links of help lead to Podio's documentation.
#[test]
fn links_lead_to_podio_s_documentation() {
    const PAGES: [&str; 12] = [
        "api-key",
        "doc",
        "doc/comments/add-comment-to-object-22340",
        "doc/files",
        "doc/hooks",
        "doc/items/add-new-item-22362",
        "doc/items/filter-items-4496747",
        "doc/items/get-item-by-external-id-19556702",
        "doc/items/update-item-22363",
        "doc/tasks",
        "doc/tasks/complete-task-22432",
        "doc/tasks/create-task-22419",
    ];
    fn links<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("help").and_then(|help| help["link"].as_str()));
                object.values().for_each(|value| links(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| links(value, found)),
            _ => {}
        }
    }
    let (component, mut found) = (component(), Vec::new());
    links(&component, &mut found);
    assert!(found.len() > 10, "{found:?}");
    for link in found {
        let page = link.strip_prefix("https://developers.podio.com/");
        assert!(page.is_some_and(|page| PAGES.contains(&page)), "{link} is no page in the list of this test");
    }
}

/// A method that calls Podio fails here, for want of a credential; one that does not exist returns nothing.
#[tokio::test]
async fn every_model_that_a_field_names_exists() {
    let (component, registry, stop) = (component(), registry_without_credential(), Stop::default());
    for (name, function) in listed(&component) {
        let action = registry.get(name).expect("it is registered");
        let fields = function["fields"].as_object().cloned().unwrap_or_default();
        for field in fields.values().filter(|field| field["viewClass"] == "SelectView") {
            let Some(method) = field["model"].as_str() else { continue };
            if let Ok(choices) = action.choices(method, &stop).await {
                let choices = choices.unwrap_or_else(|| panic!("{name} has no method {method}"));
                assert!(choices.as_object().is_some_and(|choices| !choices.is_empty()), "{name}: {method}");
            }
        }
        assert_eq!(action.choices("nope", &stop).await.ok(), Some(None), "{name} knows a method that is none");
    }
}

#[test]
fn every_schema_exists_and_describes_an_object() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let component = component();
    for (name, action) in listed(&component) {
        assert!(root.join(action["main"].as_str().expect("main")).is_file(), "{name}: main");
        if action["dynamicMetadata"] == true {
            assert_eq!(action.get("metadata"), None, "{name}: its schemas are made of the step's config");
            continue;
        }
        for direction in ["in", "out"] {
            let path = action["metadata"][direction].as_str().expect("a path");
            let text = std::fs::read_to_string(root.join(path)).expect("the schema file");
            let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
            assert_eq!(schema["type"], "object", "{name}: {direction}");
            for (field, property) in schema["properties"].as_object().expect("properties") {
                assert!(property["title"].is_string(), "{name}.{direction}.{field} has no title");
                assert!(property["help"]["description"].is_string(), "{name}.{direction}.{field} has no help");
            }
        }
    }
}
