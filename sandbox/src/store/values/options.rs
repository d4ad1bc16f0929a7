//! Options of a category or a question.

use serde_json::{Value, json};

use super::{Problem, wrong};
use crate::store::apps::Choice;

/// An active option, stated by its id or its text.
pub(super) fn read(stated: &Value, options: &[Choice]) -> Result<Value, Problem> {
    let is_meant = |option: &&Choice| match stated {
        Value::Number(id) => id.as_u64() == Some(option.id),
        Value::String(text) => *text == option.text,
        _ => false,
    };
    if !stated.is_u64() && !stated.is_string() {
        return Err(wrong(stated, "must be integer or must be string"));
    }
    let active = || options.iter().filter(|option| option.status == "active");
    let meant = active().find(is_meant).ok_or_else(|| {
        let known: Vec<String> = active().map(|option| format!("{} \"{}\"", option.id, option.text)).collect();
        wrong(stated, &format!("must be an option's id or text: {}", known.join(", ")))
    })?;
    Ok(json!({"value": meant.id}))
}

pub(super) fn show(kept: &Value, options: &[Choice]) -> Option<Value> {
    let option = options.iter().find(|option| Some(option.id) == kept["value"].as_u64())?;
    let mut shown = json!({"id": option.id, "text": option.text, "status": option.status});
    if let Some(color) = &option.color {
        shown["color"] = json!(color);
    }
    Some(json!({"value": shown}))
}
