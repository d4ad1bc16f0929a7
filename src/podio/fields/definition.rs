//! An app's definition, as `GET /app/{app_id}` gives it (<https://developers.podio.com/doc/applications>): its fields,
//! what each takes, and what the builder sees of it.

use serde::Deserialize;
use serde_json::Value;

use super::{category::Category, date::DateSettings, money::Money, reference::Reference, typed::Typed};

/// An app, as far as its items are concerned.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// Its id.
    pub(crate) id: u64,
    /// Its name.
    pub(crate) name: String,
    /// Its revision, which grows with each change of its fields.
    pub(crate) revision: Option<u64>,
    /// Its fields, also those that were deleted, in the app's order.
    pub(crate) fields: Vec<Field>,
}

/// A field of an app.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name in items and in messages.
    pub(crate) external_id: String,
    /// Its number, which filters and sort orders take.
    pub(crate) id: Option<u64>,
    /// What people see.
    pub(crate) label: String,
    /// The hint that its author wrote.
    pub(crate) description: Option<String>,
    /// Whether it is in use; a deleted field stays in the definition.
    pub(crate) active: bool,
    /// Whether every item must have a value.
    pub(crate) required: bool,
    /// Whether Podio allows a value once only.
    pub(crate) unique: bool,
    /// What it holds.
    pub(crate) kind: Kind,
}

/// What a field holds, with the settings that say which values it takes.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `text`, `tel`.
    Text,
    /// `number`.
    Number,
    /// `progress`: 0 to 100.
    Progress,
    /// `duration`, in seconds.
    Duration,
    /// `category`, `question`: options.
    Category(Category),
    /// `date`.
    Date(DateSettings),
    /// `money`.
    Money(Money),
    /// `location`.
    Location,
    /// `embed`: links.
    Embed,
    /// `email`, `phone`: values with a type.
    Typed(Typed),
    /// `app`, `contact`, `image`, `file`: ids of other objects.
    Reference(Reference),
    /// `tag`.
    Tag,
    /// `calculation`: computed by Podio.
    Calculation,
    /// `separator`: divides the form and has no value.
    Separator,
    /// A type of its own that has no simple form here: values are as Podio has them.
    Other,
}

#[derive(Deserialize)]
struct RawApp {
    app_id: u64,
    #[serde(default)]
    current_revision: Option<u64>,
    #[serde(default)]
    config: RawAppConfig,
    #[serde(default)]
    fields: Vec<RawField>,
}

#[derive(Default, Deserialize)]
struct RawAppConfig {
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct RawField {
    #[serde(default)]
    field_id: Option<u64>,
    external_id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    config: RawConfig,
}

#[derive(Default, Deserialize)]
struct RawConfig {
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    default_value: Option<Value>,
    #[serde(default)]
    settings: Option<Value>,
}

impl App {
    /// Reads Podio's answer; `None` if it is not an app.
    pub(crate) fn read(answer: &str) -> Option<Self> {
        let raw: RawApp = serde_json::from_str(answer).ok()?;
        Some(Self {
            id: raw.app_id,
            name: raw.config.name.unwrap_or_else(|| raw.app_id.to_string()),
            revision: raw.current_revision,
            fields: raw.fields.into_iter().map(Field::from).collect(),
        })
    }

    /// The field with this external id, in use or not.
    pub(crate) fn field(&self, external_id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.external_id == external_id)
    }

    /// The fields that items have values of.
    pub(crate) fn active(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.active && !matches!(field.kind, Kind::Separator))
    }

    /// What an error calls it.
    pub(crate) fn title(&self) -> String {
        format!("app \"{}\" ({})", self.name, self.id)
    }
}

impl Field {
    /// Reads a field of an app, or of an item, which carries most of it.
    pub(super) fn read(raw: &Value) -> Option<Self> {
        RawField::deserialize(raw).ok().map(Self::from)
    }

    /// What an error calls it: its label and its external id.
    pub(crate) fn title(&self) -> String {
        format!("\"{}\" ({})", self.label, self.external_id)
    }
}

impl From<RawField> for Field {
    fn from(raw: RawField) -> Self {
        let config = raw.config;
        let has_default = config.default_value.is_some_and(|value| !value.is_null());
        Self {
            label: raw.label.or(config.label).unwrap_or_else(|| raw.external_id.clone()),
            kind: Kind::new(&raw.kind, &config.settings.unwrap_or_default()),
            external_id: raw.external_id,
            id: raw.field_id,
            description: config.description.filter(|text| !text.trim().is_empty()),
            active: raw.status.is_none_or(|status| status == "active"),
            required: config.required && !has_default,
            unique: config.unique,
        }
    }
}

impl Kind {
    fn new(kind: &str, settings: &Value) -> Self {
        match kind {
            "text" | "tel" => Self::Text,
            "number" => Self::Number,
            "progress" => Self::Progress,
            "duration" => Self::Duration,
            "category" | "question" => Self::Category(Category::read(settings)),
            "date" => Self::Date(DateSettings::read(settings)),
            "money" => Self::Money(Money::read(settings)),
            "location" => Self::Location,
            "embed" => Self::Embed,
            "email" => Self::Typed(Typed::emails(settings)),
            "phone" => Self::Typed(Typed::phones(settings)),
            "app" => Self::Reference(Reference::items(settings)),
            "contact" => Self::Reference(Reference::contacts(settings)),
            "image" | "file" => Self::Reference(Reference::files()),
            "tag" => Self::Tag,
            "calculation" => Self::Calculation,
            "separator" => Self::Separator,
            _ => Self::Other,
        }
    }

    /// Podio computes the value, or there is none: nothing can be written.
    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self, Self::Calculation | Self::Separator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = r#"{"app_id":7,"space_id":3,"current_revision":5,"config":{"name":"Leads"},"fields":[
        {"field_id":1,"external_id":"title","type":"text","label":"Title","status":"active","config":{"required":true,"unique":true}},
        {"field_id":2,"external_id":"old","type":"number","status":"deleted","config":{"label":"Old"}},
        {"field_id":3,"external_id":"stage","type":"category","status":"active",
         "config":{"label":"Stage","required":true,"default_value":1,"settings":null}},
        {"field_id":4,"external_id":"line","type":"separator","status":"active","config":{}},
        {"field_id":5,"external_id":"new","type":"hologram","label":"New","status":"active"}]}"#;

    #[test]
    fn an_app_is_read() {
        let app = App::read(APP).expect("an app");
        assert_eq!((app.id, app.name.as_str(), app.revision), (7, "Leads", Some(5)));
        let title = app.field("title").expect("a field");
        assert!(title.required && title.unique && title.active);
        assert_eq!(title.title(), "\"Title\" (title)");
        assert!(!app.field("stage").expect("a field").required, "Podio fills in the default");
        assert!(matches!(app.field("new").expect("a field").kind, Kind::Other));
        let active: Vec<&str> = app.active().map(|field| field.external_id.as_str()).collect();
        assert_eq!(active, ["title", "stage", "new"]);
        assert!(App::read("{}").is_none());
    }
}
