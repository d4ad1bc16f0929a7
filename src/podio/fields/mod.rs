//! The fields of Podio's apps and items, in the shapes that a builder's mapper fills and reads: a category by its text, a
//! date as ISO text, money as amount and currency, other objects by their ids. What [`decode`] gives, [`encode`] takes.
//! Pure.
//!
//! | type | simple value |
//! |---|---|
//! | `text`, `tel`, `location` | text |
//! | `number`, `progress`, `duration` (seconds) | number |
//! | `category`, `question` | an option's text; a list of them if the field allows several |
//! | `date` | ISO text; `{start, end}` if the field can have an end |
//! | `money` | `{amount, currency}` |
//! | `embed` | list of web addresses |
//! | `email`, `phone` | list of `{type, value}` |
//! | `app` | an item's id; a list of them if the field allows several |
//! | `contact`, `image`, `file` | list of profile ids or file ids |
//! | `tag` | list of texts |
//! | `calculation` | what Podio computed; read only |

use serde_json::{Map, Value};

mod category;
mod date;
mod decimal;
mod definition;
mod draft;
mod finding;
mod given;
mod moment;
mod money;
mod place;
mod plain;
mod problem;
mod reference;
mod schema;
mod typed;

pub(crate) use definition::{App, Field, Kind};
pub(crate) use draft::Draft;
pub(crate) use finding::{filter_value, has_text, moments};
pub(crate) use given::Given;
pub(crate) use moment::Moment;
pub(crate) use plain::tags;
pub(crate) use problem::{Problems, Unfit};
pub(crate) use reference::file_ids;
pub(crate) use schema::{Use, criteria_properties, fields as fields_schema};

/// A builder's value as Podio takes it.
pub(crate) fn encode(field: &Field, given: Given<'_>) -> Result<Value, Unfit> {
    match &field.kind {
        Kind::Text => plain::text(given),
        Kind::Number => plain::number(given),
        Kind::Progress => plain::progress(given),
        Kind::Duration => plain::duration(given),
        Kind::Category(category) => category.encode(given),
        Kind::Date(date) => date.encode(given),
        Kind::Money(money) => money.encode(given),
        Kind::Location => place::location(given),
        Kind::Embed => place::embeds(given),
        Kind::Typed(typed) => typed.encode(given),
        Kind::Reference(reference) => reference.encode(given),
        Kind::Tag => tags(given),
        Kind::Calculation | Kind::Separator => Err(given.must_be("left out: the field is read only")),
        Kind::Other => serde_json::from_str(given.raw().get()).map_err(|_| given.must_be("Podio's own value")),
    }
}

/// The simple value of an item's field, of its `values`.
pub(crate) fn decode(field: &Field, values: &[Value]) -> Value {
    match &field.kind {
        Kind::Text => plain::decode_one(values),
        Kind::Number | Kind::Progress | Kind::Duration | Kind::Calculation => plain::decode_number(values),
        Kind::Category(category) => category.decode(values),
        Kind::Date(date) => date.decode(values),
        Kind::Money(_) => money::Money::decode(values),
        Kind::Location => place::decode_location(values),
        Kind::Embed => place::decode_embeds(values),
        Kind::Typed(_) => typed::Typed::decode(values),
        Kind::Reference(reference) => reference.decode(values),
        Kind::Tag => plain::decode_all(values),
        Kind::Separator => Value::Null,
        Kind::Other => values.iter().cloned().collect(),
    }
}

/// `fieldsByName`: the simple values of an item's `fields`, by external id. The app's definition says more of a field
/// than the item does; without it, the item's own settings count.
pub(crate) fn by_name(fields: &[Value], app: Option<&App>) -> Map<String, Value> {
    let simple = |raw: &Value| {
        let own = Field::read(raw)?;
        let field = app.and_then(|app| app.field(&own.external_id)).unwrap_or(&own);
        let value = decode(field, raw["values"].as_array().map_or(&[], Vec::as_slice));
        Some((own.external_id, value))
    };
    fields.iter().filter_map(simple).collect()
}

#[cfg(test)]
mod tests;
