//! The forms that documents show are those of component.json.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::root;

/// The rows of an action's form as the platform draws it, the field of the highest order first.
fn form(fields: &Value) -> Result<String> {
    let mut fields: Vec<(&String, &Value)> = fields.as_object().context("fields")?.iter().collect();
    fields.sort_by_key(|(_, field)| std::cmp::Reverse(field["order"].as_i64()));
    let mut form = String::from("| field | in the form | |\n|---|---|---|\n");
    for (name, field) in fields {
        let text = |key: &str| field[key].as_str().unwrap_or_default();
        let shown = match text("viewClass") {
            "CheckBoxView" => "☐".to_owned(),
            "SelectView" | "MultiSelectView" => format!("▾ {}", text("prompt")),
            _ => format!("▭ {}", text("placeholder")),
        };
        let required = if field["required"] == true { " (required)" } else { "" };
        let help = field["help"]["description"].as_str().context("help")?;
        let label = text("label");
        writeln!(form, "| **{label}**{required}<br>`{name}` | {shown} | {help} |")?;
    }
    Ok(form)
}

#[test]
fn forms_are_shown_as_component_json_has_them() -> Result<()> {
    let component: Value = serde_json::from_str(&fs::read_to_string(root().join("component.json"))?)?;
    for (page, kind, name) in [
        ("docs/upsert.md", "actions", "upsertItem"),
        ("docs/triggers.md", "triggers", "getNewAndUpdatedObjectsPolling"),
        ("docs/triggers.md", "triggers", "webhook"),
    ] {
        let form = form(&component[kind][name]["fields"])?;
        let text = fs::read_to_string(root().join(page))?;
        ensure!(text.contains(&form), "{page} differs; its form of {name} must be:\n{form}");
    }
    Ok(())
}
