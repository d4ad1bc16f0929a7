//! The schemas of component.json: what the mapper offers.

use std::path::Path;

use serde_json::Value;

use super::{component, listed};

/// What is wrong with the schemas of an entry, each with its place.
fn lacks(root: &Path, name: &str, entry: &Value, is_trigger: bool) -> Vec<String> {
    let main = entry["main"].as_str().unwrap_or_default();
    let mut lacks = Vec::new();
    if main.is_empty() || !root.join(main).is_file() {
        lacks.push(format!("{name}: main must be the path of a file, such as ./src/actions/….rs"));
    }
    if entry["dynamicMetadata"] == true {
        if entry.get("metadata").is_some() {
            lacks.push(format!("{name}: with dynamicMetadata there must be no metadata"));
        }
        return lacks;
    }
    for direction in ["in", "out"] {
        // Nothing is mapped to a trigger.
        if direction == "in" && is_trigger && entry["metadata"].get("in").is_none() {
            continue;
        }
        let problems = match entry["metadata"][direction].as_str() {
            Some(path) => of_file(&root.join(path)),
            None => vec!["must be the path of a schema, such as ./schemas/…/out.json".to_owned()],
        };
        lacks.extend(problems.into_iter().map(|problem| format!("{name}: metadata.{direction} {problem}")));
    }
    lacks
}

fn of_file(path: &Path) -> Vec<String> {
    let schema = std::fs::read_to_string(path).map_err(|error| error.to_string());
    let schema = schema.and_then(|text| serde_json::from_str::<Value>(&text).map_err(|error| error.to_string()));
    let schema = match schema {
        Ok(schema) => schema,
        Err(error) => return vec![format!("{} cannot be read: {error}", path.display())],
    };
    let Some(properties) = schema["properties"].as_object().filter(|_| schema["type"] == "object") else {
        return vec!["must describe an object with properties".to_owned()];
    };
    let undescribed = properties
        .iter()
        .filter(|(_, property)| !property["title"].is_string() || !property["help"]["description"].is_string());
    undescribed.map(|(name, _)| format!("must give \"{name}\" a title and a help.description")).collect()
}

#[test]
fn every_schema_exists_and_describes_an_object() {
    let (root, component) = (Path::new(env!("CARGO_MANIFEST_DIR")), component());
    let of = |(name, entry): (&String, &Value)| lacks(root, name, entry, component["triggers"].get(name).is_some());
    let lacking: Vec<String> = listed(&component).flat_map(of).collect();
    assert!(lacking.is_empty(), "component.json:\n{}", lacking.join("\n"));
}

#[test]
fn what_a_schema_lacks_is_named_with_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let metadata = serde_json::json!({ "in": "./component.json", "out": "./schemas/nope.json" });
    let entry = serde_json::json!({ "main": "./src/actions/mod.rs", "metadata": metadata });
    let lacking = lacks(root, "a", &entry, false);
    assert_eq!(lacking.len(), 2, "{lacking:?}");
    assert!(lacking[0].starts_with("a: metadata.in must describe an object"), "{lacking:?}");
    assert!(lacking[1].starts_with("a: metadata.out ") && lacking[1].contains("cannot be read"), "{lacking:?}");
    let trigger = serde_json::json!({ "metadata": {} });
    assert_eq!(lacks(root, "t", &trigger, true).len(), 2, "the file and the schema of what it emits");
}
