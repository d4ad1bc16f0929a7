//! component.json, the registry, the models and the schemas agree.

use std::{collections::BTreeSet, path::Path};

use elasticio_runtime::settings::{Reader, Source};
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

fn registered() -> BTreeSet<&'static str> {
    let settings = read_settings(&mut Reader::new(&Source::default()));
    let files = Files::new(USER_AGENT, None, &settings).expect("a client");
    let podio = ApiClient::new(USER_AGENT, &PODIO, settings, None, RetryFields::default()).expect("a client");
    registry(&Arc::new(podio), &StepConfig::default(), &files).names().collect()
}

#[test]
fn component_json_and_the_registry_have_the_same_actions() {
    let component = component();
    let listed: BTreeSet<&str> =
        component["actions"].as_object().expect("actions").keys().map(String::as_str).collect();
    let registered = registered();
    let (unregistered, unlisted): (Vec<_>, Vec<_>) =
        (listed.difference(&registered).collect(), registered.difference(&listed).collect());
    assert!(
        unregistered.is_empty() && unlisted.is_empty(),
        "only in component.json: {unregistered:?}; only in the registry of src/actions/mod.rs: {unlisted:?}"
    );
    assert_eq!(component.get("triggers"), None, "there are none");
    assert_eq!(component["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_model_that_a_field_names_exists() {
    for (name, action) in component()["actions"].as_object().expect("actions") {
        let fields = action["fields"].as_object().cloned().unwrap_or_default();
        for field in fields.values().filter(|field| field["viewClass"] == "SelectView") {
            let Some(method) = field["model"].as_str() else { continue };
            let choices = choices(name, method).expect("the model exists");
            assert!(choices.as_object().is_some_and(|choices| !choices.is_empty()));
        }
    }
    assert_eq!(choices("customRequest", "getMetaModel"), None);
    assert_eq!(choices("nope", "x"), None);
}

#[test]
fn every_schema_exists_and_describes_an_object() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, action) in component()["actions"].as_object().expect("actions") {
        assert!(root.join(action["main"].as_str().expect("main")).is_file(), "{name}: main");
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
