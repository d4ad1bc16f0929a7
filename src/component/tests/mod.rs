//! component.json, the registry, the models and the schemas agree.

use std::collections::BTreeSet;

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

mod forms;
mod page;
mod schemas;

const COMPONENT: &str = include_str!("../../../component.json");

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
