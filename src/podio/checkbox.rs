//! Checkboxes of a step's form.

use serde_json::Value;

/// Whether a checkbox is ticked: the platform stores `true`, or its text. Anything else is not.
pub(super) fn is_ticked(field: Option<&Value>) -> bool {
    match field {
        Some(Value::Bool(ticked)) => *ticked,
        Some(Value::String(text)) => text.trim() == "true",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_true_and_its_text_are_ticked() {
        for (field, ticked) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(" true "), true),
            (json!(false), false),
            (json!("TRUE"), false),
            (json!(1), false),
            (json!(null), false),
        ] {
            assert_eq!(is_ticked(Some(&field)), ticked, "{field}");
        }
        assert!(!is_ticked(None));
    }
}
