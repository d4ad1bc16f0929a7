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
        let order = |function: &Value| function["order"].as_i64().unwrap_or_default();
        let functions = if self.actions.is_empty() { &self.triggers } else { &self.actions };
        functions.iter().max_by_key(|(_, function)| order(function)).map(|(name, _)| name.as_str())
    }

    /// Whether the platform asks the action or trigger of this name for its schemas (protocol, section 14.12).
    pub(crate) fn has_dynamic_metadata(&self, name: &str) -> bool {
        self.function(name).is_some_and(|function| function["dynamicMetadata"] == true)
    }

    fn function(&self, name: &str) -> Option<&Value> {
        self.actions.get(name).or_else(|| self.triggers.get(name))
    }
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
                "actions": { "a": { "order": 1 }, "b": { "order": 9, "dynamicMetadata": true }, "c": {} },
                "triggers": { "t": { "order": 10, "dynamicMetadata": true }, "u": { "dynamicMetadata": "true" } }
            }"#,
        );
        assert_eq!(manifest.first_function(), Some("b"));
        let dynamic = ["a", "b", "t", "u", "v"].map(|name| manifest.has_dynamic_metadata(name));
        assert_eq!(dynamic, [false, true, true, false, false]);
        let triggers = Manifest::read(r#"{ "triggers": { "t": {}, "u": { "order": 1 } } }"#);
        assert_eq!(triggers.first_function(), Some("u"));
        assert_eq!(Manifest::read("no JSON").first_function(), None);
    }
}
