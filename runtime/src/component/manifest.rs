//! What the runtime reads from component.json (protocol, section 12).

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The parts of component.json that the runtime needs.
#[derive(Default, Deserialize)]
pub(crate) struct Manifest {
    #[serde(default)]
    credentials: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    actions: Map<String, Value>,
    #[serde(default)]
    triggers: Map<String, Value>,
}

impl Manifest {
    /// Reads component.json; one that cannot be read lists nothing.
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Whether its steps have a credential.
    pub(crate) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// The action that the platform offers first, the one with the highest `order`; the trigger, if there is no action.
    pub(crate) fn first_function(&self) -> Option<&str> {
        let functions = if self.actions.is_empty() { &self.triggers } else { &self.actions };
        functions.iter().max_by_key(|(_, function)| order(function)).map(|(name, _)| name.as_str())
    }

    /// Whether the platform asks the action or trigger of this name for its schemas (protocol, section 14.12).
    pub(crate) fn has_dynamic_metadata(&self, name: &str) -> bool {
        self.function(name).is_some_and(|function| function["dynamicMetadata"] == true)
    }

    /// Whether the trigger of this name is started by the platform's scheduler (protocol, section 14.2).
    pub(crate) fn is_polling(&self, name: &str) -> bool {
        self.triggers.get(name).is_some_and(|trigger| trigger["type"] == "polling")
    }

    /// The names of all actions and triggers with their titles, those that the platform offers first at the head.
    pub(crate) fn functions(&self) -> Vec<(&str, &str)> {
        let mut functions: Vec<_> = self.actions.iter().chain(&self.triggers).collect();
        functions.sort_by_key(|(_, function)| std::cmp::Reverse(order(function)));
        functions
            .into_iter()
            .map(|(name, function)| (name.as_str(), function["title"].as_str().unwrap_or_default()))
            .collect()
    }

    fn function(&self, name: &str) -> Option<&Value> {
        self.actions.get(name).or_else(|| self.triggers.get(name))
    }
}

/// A higher one comes first.
fn order(function: &Value) -> i64 {
    function["order"].as_i64().unwrap_or_default()
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_an_action_or_a_trigger() {
        let manifest = Manifest::read(
            r#"{
                "actions": { "a": { "order": 1 }, "b": { "title": "B", "order": 9, "dynamicMetadata": true }, "c": { "type": "polling" } },
                "triggers": { "t": { "order": 10, "dynamicMetadata": true }, "u": { "type": "polling", "dynamicMetadata": "true" } }
            }"#,
        );
        assert_eq!(manifest.first_function(), Some("b"));
        let dynamic = ["a", "b", "t", "u", "v"].map(|name| manifest.has_dynamic_metadata(name));
        assert_eq!(dynamic, [false, true, true, false, false]);
        assert_eq!(manifest.functions(), [("t", ""), ("b", "B"), ("a", ""), ("c", ""), ("u", "")]);
        assert!(manifest.is_polling("u") && !manifest.is_polling("t") && !manifest.is_polling("c"));
        let triggers = Manifest::read(r#"{ "triggers": { "t": {}, "u": { "order": 1 } } }"#);
        assert_eq!(triggers.first_function(), Some("u"));
        assert_eq!(Manifest::read("no JSON").first_function(), None);
    }
}
