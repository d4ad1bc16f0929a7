//! A field of the step's config, from the command line.

use std::str::FromStr;

use serde_json::Value;

/// `NAME=TEXT` or `NAME:=JSON`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Value,
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("it must be NAME=TEXT or NAME:=JSON")?;
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => {
                let json = serde_json::from_str(value);
                (name, json.map_err(|error| format!("what follows := is not JSON (column {})", error.column()))?)
            }
            None => (name, Value::from(value)),
        };
        if name.is_empty() {
            return Err("the name of the field is empty".to_owned());
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_text_or_json() {
        for (text, name, value) in [
            ("objectType=item", "objectType", json!("item")),
            ("a=b=c", "a", json!("b=c")),
            ("n=1", "n", json!("1")),
            ("empty=", "empty", json!("")),
            ("n:=1", "n", json!(1)),
            ("flag:=true", "flag", json!(true)),
            (r#"o:={"a":"b=c"}"#, "o", json!({ "a": "b=c" })),
        ] {
            assert_eq!(text.parse(), Ok(Field { name: name.to_owned(), value }), "{text}");
        }
        for text in ["objectType", "", "=x", ":=1", "n:=", "n:=item"] {
            assert!(text.parse::<Field>().is_err(), "{text}");
        }
    }
}
