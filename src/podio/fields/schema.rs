//! The schemas of a builder's form and mapper, made of an app's definition (protocol, section 12).

use serde_json::{Map, Value, json};

use super::{App, Field, Kind};

/// What the values are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A new item: required fields are marked.
    Create,
    /// A change of an item, or either.
    Change,
    /// An item that is read.
    Read,
}

/// The properties of an object with the fields' values: external id → schema, in the app's order.
fn properties(app: &App, purpose: Use) -> Map<String, Value> {
    let fields: Vec<&Field> = app.active().filter(|field| purpose == Use::Read || !field.kind.is_read_only()).collect();
    let count = fields.len();
    let entries = fields.into_iter().enumerate();
    entries.map(|(index, field)| (field.external_id.clone(), property(field, purpose, count - index))).collect()
}

/// The properties of an object with criteria for the fields by which items are found.
pub(crate) fn criteria_properties(app: &App) -> Map<String, Value> {
    let fields: Vec<&Field> = app.active().filter(|field| field.kind.is_findable()).collect();
    let count = fields.len();
    let criterion = |(index, field): (usize, &Field)| {
        let (schema, help) = match &field.kind {
            Kind::Category(_) | Kind::Reference(_) => {
                (json!({ "type": "array", "items": of_one(field) }), "One of these.")
            }
            kind if kind.is_filterable() => {
                let bound = |title: &str| {
                    let mut bound = of_one(field);
                    bound.insert("title".to_owned(), title.into());
                    bound.insert("required".to_owned(), false.into());
                    bound
                };
                let bounds = json!({ "from": bound("From"), "to": bound("To") });
                (json!({ "type": "object", "properties": bounds }), "From and to, either may be empty.")
            }
            _ => (json!({ "type": "string" }), "The exact text."),
        };
        let mut schema = object(schema);
        schema.insert("title".to_owned(), field.label.clone().into());
        schema.insert("required".to_owned(), false.into());
        schema.insert("order".to_owned(), (count - index).into());
        schema.insert("help".to_owned(), json!({ "description": help }));
        (field.external_id.clone(), Value::Object(schema))
    };
    fields.into_iter().enumerate().map(criterion).collect()
}

/// A single value of a criterion.
fn of_one(field: &Field) -> Map<String, Value> {
    match &field.kind {
        Kind::Category(category) => category.schema_of_one(),
        Kind::Date(_) => object(json!({ "type": "string" })),
        _ => object(json!({ "type": "number" })),
    }
}

/// An object with the fields' values.
pub(crate) fn fields(app: &App, purpose: Use, title: &str, order: u32, help: &str) -> Value {
    json!({
        "type": "object",
        "title": title,
        "required": false,
        "order": order,
        "help": { "description": help },
        "properties": properties(app, purpose),
    })
}

/// The schema of one field. The field with the highest `order` comes first.
fn property(field: &Field, purpose: Use, order: usize) -> Value {
    let mut schema = of_kind(&field.kind);
    schema.insert("title".to_owned(), field.label.clone().into());
    schema.insert("required".to_owned(), (purpose == Use::Create && field.required).into());
    schema.insert("order".to_owned(), order.into());
    let hint = hint(&field.kind);
    let text = match &field.description {
        Some(description) => format!("{} {hint}", description.trim()),
        None => hint.to_owned(),
    };
    schema.insert("help".to_owned(), json!({ "description": text }));
    Value::Object(schema)
}

fn of_kind(kind: &Kind) -> Map<String, Value> {
    match kind {
        Kind::Text | Kind::Location => object(json!({ "type": "string" })),
        Kind::Number | Kind::Progress | Kind::Duration => object(json!({ "type": "number" })),
        Kind::Category(category) => category.schema(),
        Kind::Date(date) => date.schema(),
        Kind::Money(money) => money.schema(),
        Kind::Embed | Kind::Tag => object(json!({ "type": "array", "items": { "type": "string" } })),
        Kind::Typed(typed) => typed.schema(),
        Kind::Reference(reference) => reference.schema(),
        Kind::Calculation => object(json!({ "type": ["number", "string", "object"] })),
        Kind::Separator | Kind::Other => object(json!({ "type": ["object", "array", "string", "number", "boolean"] })),
    }
}

/// What a value of this kind is, for the builder.
fn hint(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "A text.",
        Kind::Number => "A number such as 12.5.",
        Kind::Progress => "A whole number from 0 to 100.",
        Kind::Duration => "Seconds.",
        Kind::Category(category) => category.hint(),
        Kind::Date(date) => date.hint(),
        Kind::Money(_) => "Amount and currency.",
        Kind::Location => "An address.",
        Kind::Embed => "Web addresses.",
        Kind::Typed(typed) => typed.hint(),
        Kind::Reference(reference) => reference.hint(),
        Kind::Tag => "Texts: a list, or one text with commas between them.",
        Kind::Calculation => "Computed by Podio.",
        Kind::Separator | Kind::Other => "The value as Podio has it.",
    }
}

/// The object that a JSON literal is.
pub(super) fn object(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(schema) => schema,
        other => unreachable!("a schema is an object, not {other}"),
    }
}
