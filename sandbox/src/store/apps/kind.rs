//! What a field holds: Podio's field types, with the settings that matter to a value.

use serde::Deserialize;
use serde_json::Value;

/// A field's type with its settings.
#[derive(Debug, PartialEq)]
pub(crate) enum Kind {
    Text,
    /// A telephone number as one text.
    Tel,
    Tag,
    Number,
    Progress,
    Duration,
    Money {
        currencies: Vec<String>,
    },
    /// `category` and `question`.
    Options {
        options: Vec<Choice>,
        multiple: bool,
    },
    Date {
        time: Part,
        end: Part,
    },
    Location,
    Embed,
    Email {
        types: Vec<String>,
    },
    Phone {
        types: Vec<String>,
    },
    /// References to items of these apps.
    App {
        apps: Vec<u64>,
        multiple: bool,
    },
    Contact,
    /// `image` and `file`.
    File {
        image: bool,
    },
    /// Shows the number of another field, the first that its script names.
    Calculation {
        of: Option<u64>,
    },
    /// A heading in a form; it has no values.
    Separator,
}

/// An option of a category or a question.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Choice {
    pub(crate) id: u64,
    pub(crate) text: String,
    #[serde(default = "active")]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) color: Option<String>,
}

/// Whether a date has its time of day, or its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    Disabled,
    #[default]
    Enabled,
    Required,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    options: Vec<Choice>,
    multiple: Option<bool>,
    time: Part,
    end: Part,
    allowed_currencies: Vec<String>,
    possible_types: Vec<String>,
    referenced_apps: Vec<Referenced>,
    script: Option<String>,
}

/// Podio shows a referenced app by its id, or whole.
#[derive(Deserialize)]
#[serde(untagged)]
enum Referenced {
    Id { app_id: u64 },
    Whole { app: WholeApp },
}

#[derive(Deserialize)]
struct WholeApp {
    app_id: u64,
}

impl Kind {
    /// Reads a field's type and its `settings`; the error says what is wrong with them.
    pub(super) fn read(type_name: &str, settings: &Value) -> Result<Self, String> {
        let settings = if settings.is_null() { &Value::Object(serde_json::Map::new()) } else { settings };
        // Only these types have settings of a form that is known here.
        let known = ["category", "question", "date", "money", "email", "phone", "app", "calculation"];
        let settings =
            if known.contains(&type_name) { Settings::deserialize(settings) } else { Ok(Settings::default()) };
        let settings = settings.map_err(|error| format!("config.settings: {error}"))?;
        Ok(match type_name {
            "text" => Self::Text,
            "tel" => Self::Tel,
            "tag" => Self::Tag,
            "number" => Self::Number,
            "progress" => Self::Progress,
            "duration" => Self::Duration,
            "money" => Self::Money { currencies: settings.allowed_currencies },
            "category" | "question" => {
                Self::Options { options: settings.options, multiple: settings.multiple.unwrap_or(false) }
            }
            "date" => Self::Date { time: settings.time, end: settings.end },
            "location" => Self::Location,
            "embed" => Self::Embed,
            "email" => Self::Email { types: settings.possible_types },
            "phone" => Self::Phone { types: settings.possible_types },
            "app" => Self::App {
                apps: settings.referenced_apps.into_iter().map(Referenced::id).collect(),
                multiple: settings.multiple.unwrap_or(true),
            },
            "contact" => Self::Contact,
            "image" => Self::File { image: true },
            "file" => Self::File { image: false },
            "calculation" => Self::Calculation { of: settings.script.as_deref().and_then(first_field) },
            "separator" => Self::Separator,
            other => return Err(format!("type is `{other}`, which no field has")),
        })
    }
}

impl Referenced {
    fn id(self) -> u64 {
        match self {
            Self::Id { app_id } | Self::Whole { app: WholeApp { app_id } } => app_id,
        }
    }
}

fn active() -> String {
    "active".to_owned()
}

/// The id of the first field that a script names: `@[Label](field_904)`.
fn first_field(script: &str) -> Option<u64> {
    let (_, rest) = script.split_once("(field_")?;
    rest.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_in_podio_s_forms() {
        let apps =
            json!({"referenced_apps": [{"app_id": 1, "view_id": null}, {"app": {"app_id": 2}, "view_id": null}]});
        assert_eq!(Kind::read("app", &apps), Ok(Kind::App { apps: vec![1, 2], multiple: true }));
        let date = Kind::Date { time: Part::Enabled, end: Part::Required };
        assert_eq!(Kind::read("date", &json!({"end": "required", "calendar": true})), Ok(date));
        let script = json!({"script": "var a = @[Number](field_904);\nparseInt(a, 10);"});
        assert_eq!(Kind::read("calculation", &script), Ok(Kind::Calculation { of: Some(904) }));
        assert_eq!(Kind::read("progress", &Value::Null), Ok(Kind::Progress));
    }

    #[test]
    fn what_no_field_has_is_refused() {
        assert!(Kind::read("colour", &Value::Null).is_err_and(|error| error.contains("colour")));
        assert!(Kind::read("category", &json!({"options": [{"text": "A"}]})).is_err_and(|error| error.contains("id")));
    }
}
