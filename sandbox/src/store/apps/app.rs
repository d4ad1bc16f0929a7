//! An app: what its definition states, and how Podio shows it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::spaces::{SALES, visible};

/// Most fields of an app.
const MAX_FIELDS: usize = 200;
/// The id of the first field of an app whose definition leaves the ids out; each app has a thousand of its own.
const FIRST_FIELD: u64 = 1_000_000;

/// An app and its fields.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) space: u64,
    pub(crate) revision: u64,
    /// Without a definition: items have any fields, and every value is accepted.
    pub(crate) lenient: bool,
    pub(crate) item_name: String,
    /// In the order of the app's form.
    pub(crate) fields: Vec<Field>,
    status: String,
    url_label: String,
    config: Map<String, Value>,
}

/// A field of an app.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) id: u64,
    pub(crate) external_id: String,
    pub(crate) label: String,
    pub(crate) type_name: String,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    status: String,
    /// As Podio shows it, with the label.
    config: Map<String, Value>,
}

/// An app as a definition states it. It is what `GET /app/{id}` answers; keys that are not here are ignored.
#[derive(Deserialize)]
pub(crate) struct Definition {
    #[serde(default = "sales")]
    pub(crate) space_id: u64,
    #[serde(default = "active")]
    status: String,
    #[serde(default)]
    url_label: String,
    config: Map<String, Value>,
    #[serde(default)]
    fields: Vec<FieldDefinition>,
}

#[derive(Deserialize)]
struct FieldDefinition {
    field_id: Option<u64>,
    external_id: String,
    r#type: String,
    label: Option<String>,
    #[serde(default = "active")]
    status: String,
    #[serde(default)]
    config: Map<String, Value>,
}

impl App {
    /// The app that a definition states; the error names the field that is wrong.
    pub(super) fn new(id: u64, revision: u64, definition: Definition) -> Result<Self, String> {
        if definition.fields.len() > MAX_FIELDS {
            return Err(format!("the app has more than {MAX_FIELDS} fields"));
        }
        let name = |key: &str| definition.config.get(key).and_then(Value::as_str).map(str::to_owned);
        let app_name = name("name").ok_or("config.name is missing")?;
        let item_name = name("item_name").unwrap_or_else(|| app_name.clone());
        let first_field = FIRST_FIELD + id * 1000;
        let fields = (first_field..).zip(definition.fields).map(|(id, field)| Field::new(id, field));
        let app = Self {
            id,
            space: definition.space_id,
            revision,
            lenient: false,
            item_name,
            fields: fields.collect::<Result<_, _>>()?,
            status: definition.status,
            url_label: definition.url_label,
            config: definition.config,
        };
        for (at, field) in app.fields.iter().enumerate() {
            let twice = |other: &Field| other.id == field.id || other.external_id == field.external_id;
            if app.fields[..at].iter().any(twice) {
                return Err(format!("the field `{}` is there twice, by its name or its id", field.external_id));
            }
        }
        Ok(app)
    }

    /// An app without a definition: it shows one field, and takes any.
    pub(super) fn lenient(id: u64) -> Self {
        let config = json!({"name": format!("App {id}"), "item_name": "Item", "icon": "251.png"});
        let title = Field {
            id: 901,
            external_id: "title".to_owned(),
            label: "Title".to_owned(),
            type_name: "text".to_owned(),
            kind: Kind::Text,
            required: false,
            status: active(),
            config: json!({"settings": {"size": "small"}}).as_object().cloned().unwrap_or_default(),
        };
        Self {
            id,
            space: SALES,
            revision: 0,
            lenient: true,
            item_name: "Item".to_owned(),
            fields: vec![title],
            status: active(),
            url_label: format!("app-{id}"),
            config: config.as_object().cloned().unwrap_or_default(),
        }
    }

    /// The active field with this external id or, in digits, with this id.
    pub(crate) fn field(&self, key: &str) -> Option<&Field> {
        let id = key.parse().ok();
        self.fields.iter().find(|field| field.is_active() && (field.external_id == key || Some(field.id) == id))
    }

    /// As `GET /app/{id}` shows it.
    pub(crate) fn show(&self) -> Value {
        let mut app = self.summary();
        app["token"] = json!("SECRET");
        let fields = self.fields.iter().enumerate().map(|(delta, field)| field.show(delta));
        app["fields"] = fields.collect();
        app["rights"] = json!(["view", "add_item", "update", "delete", "add_hook"]);
        app
    }

    /// As lists of apps show it: without its fields.
    pub(crate) fn summary(&self) -> Value {
        let mut config = self.config.clone();
        config.entry("type").or_insert_with(|| json!("standard"));
        json!({
            "app_id": self.id, "status": self.status, "space_id": self.space, "url_label": self.url_label,
            "link": self.link(), "current_revision": self.revision, "config": config,
        })
    }

    /// As an item shows the app that it is in.
    pub(crate) fn of_item(&self) -> Value {
        let name = self.config.get("name").cloned().unwrap_or_default();
        json!({
            "app_id": self.id, "status": self.status, "space_id": self.space, "name": name,
            "item_name": self.item_name, "link": self.link(),
            "config": {"type": "standard", "name": name, "item_name": self.item_name},
        })
    }

    /// Its address for people.
    pub(crate) fn link(&self) -> String {
        let place = visible(self.space).map(|(space, org)| format!("{org}/{}", space.url_label));
        format!("{}/apps/{}", place.as_deref().unwrap_or("https://podio.com"), self.url_label)
    }
}

impl Field {
    fn new(free_id: u64, definition: FieldDefinition) -> Result<Self, String> {
        let FieldDefinition { field_id, external_id, r#type, label, status, mut config } = definition;
        let kind = Kind::read(&r#type, config.get("settings").unwrap_or(&Value::Null));
        let kind = kind.map_err(|problem| format!("field `{external_id}`: {problem}"))?;
        let label = label.or_else(|| config.get("label").and_then(Value::as_str).map(str::to_owned));
        let label = label.unwrap_or_else(|| external_id.clone());
        config.insert("label".to_owned(), json!(label));
        let required = config.get("required").and_then(Value::as_bool).unwrap_or(false);
        Ok(Self {
            id: field_id.unwrap_or(free_id),
            external_id,
            label,
            type_name: r#type,
            kind,
            required,
            status,
            config,
        })
    }

    /// Whether items have it.
    pub(crate) fn is_active(&self) -> bool {
        self.status == "active"
    }

    /// As `fields` of the app show it, at this place.
    fn show(&self, delta: usize) -> Value {
        let mut config = self.config.clone();
        let defaults = [
            ("description", Value::Null),
            ("delta", json!(delta)),
            ("hidden", json!(false)),
            ("required", json!(false)),
            ("settings", Value::Null),
        ];
        for (key, value) in defaults {
            config.entry(key).or_insert(value);
        }
        json!({
            "field_id": self.id, "external_id": self.external_id, "type": self.type_name, "label": self.label,
            "status": self.status, "config": config,
        })
    }

    /// As the fields of an item show its settings.
    pub(crate) fn settings(&self) -> Value {
        json!({"label": self.label, "settings": self.config.get("settings"), "mapping": null})
    }
}

fn sales() -> u64 {
    SALES
}

fn active() -> String {
    "active".to_owned()
}
