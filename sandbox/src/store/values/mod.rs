//! The values of an item's fields: read from what a request states, kept, and shown as Podio shows them.
//!
//! A value is kept as small as it can be: of an option, an item, a person or a file only its id, so that it is shown as
//! that is later. The forms that Podio accepts and shows are those of its documentation, `developers.podio.com/doc/items`.

mod addresses;
mod dates;
mod numbers;
mod options;
mod references;
mod zone;

use serde_json::{Value, json};

use super::apps::{Apps, Field, Kind};
use super::embeds::Embeds;
use super::files::Files;
use super::items::Items;

pub(super) use numbers::{decimal, number};
pub(super) use zone::{to_local, to_utc};

/// Longest part of a value that an error quotes, in characters.
const QUOTED: usize = 100;
/// Most values of a field.
const MAX_VALUES: usize = 500;

/// What a value may refer to.
pub(super) struct Known<'a> {
    pub(super) items: &'a Items,
    pub(super) files: &'a Files,
    /// A link that is stated by its address becomes an embed.
    pub(super) embeds: &'a mut Embeds,
}

/// What values are shown with.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) apps: &'a Apps,
    pub(super) items: &'a Items,
    pub(super) files: &'a Files,
    /// The address at which the caller reached Podio, for links to files.
    pub(super) base: &'a str,
}

/// What is wrong with a value, without the field's name.
type Problem = String;

/// Reads the values that a request states for a field: one, a list, or nothing. The error names the field.
pub(super) fn read(field: &Field, stated: &Value, known: &mut Known<'_>) -> Result<Vec<Value>, String> {
    let of_field = |problem: Problem| format!("{problem} (field \"{}\", {})", field.label, field.external_id);
    if matches!(field.kind, Kind::Calculation { .. } | Kind::Separator) {
        return Err(of_field(wrong(stated, &format!("a field of type {} cannot be set", field.type_name))));
    }
    let entries = match stated {
        Value::Null => &[],
        Value::Array(entries) => entries.as_slice(),
        one => std::slice::from_ref(one),
    };
    let most = if takes_many(&field.kind) { MAX_VALUES } else { 1 };
    if entries.len() > most {
        return Err(of_field(wrong(stated, &format!("must have at most {most} value(s)"))));
    }
    entries.iter().map(|entry| read_one(&field.kind, entry, known).map_err(of_field)).collect()
}

fn read_one(kind: &Kind, entry: &Value, known: &mut Known<'_>) -> Result<Value, Problem> {
    match kind {
        Kind::Text => text(bare(entry), usize::MAX),
        Kind::Tel => text(bare(entry), 50),
        Kind::Tag => text(bare(entry), 250),
        Kind::Number => numbers::read_number(bare(entry)),
        Kind::Progress => numbers::read_progress(bare(entry)),
        Kind::Duration => numbers::read_duration(bare(entry)),
        Kind::Money { currencies } => numbers::read_money(entry, currencies),
        Kind::Options { options, .. } => options::read(bare(entry), options),
        Kind::Date { time, end } => dates::read(entry, *time, *end),
        Kind::Location => addresses::read_location(entry),
        Kind::Email { types } => addresses::read_email(entry, types),
        Kind::Phone { types } => addresses::read_phone(entry, types),
        Kind::Embed => addresses::read_embed(entry, known.embeds),
        Kind::App { apps, .. } => references::read_item(bare(entry), apps, known.items),
        Kind::Contact => references::read_contact(entry),
        Kind::File { image } => references::read_file(bare(entry), *image, known.files),
        Kind::Calculation { .. } | Kind::Separator => Err(wrong(entry, "cannot be set")),
    }
}

/// A kept value as Podio shows it; none if what it refers to is gone.
pub(super) fn show(kind: &Kind, kept: &Value, view: View<'_>) -> Option<Value> {
    match kind {
        Kind::Options { options, .. } => options::show(kept, options),
        Kind::Date { .. } => Some(dates::show(kept)),
        Kind::App { .. } => references::show_item(kept, view),
        Kind::Contact => references::show_contact(kept),
        Kind::File { .. } => references::show_file(kept, view),
        _ => Some(kept.clone()),
    }
}

fn takes_many(kind: &Kind) -> bool {
    match kind {
        Kind::Options { multiple, .. } | Kind::App { multiple, .. } => *multiple,
        Kind::Tag | Kind::Embed | Kind::Email { .. } | Kind::Phone { .. } | Kind::Contact | Kind::File { .. } => true,
        _ => false,
    }
}

fn text(stated: &Value, longest: usize) -> Result<Value, Problem> {
    let text = stated.as_str().ok_or_else(|| wrong(stated, "must be string"))?;
    if text.chars().count() > longest {
        return Err(wrong(stated, &format!("must not be longer than {longest}")));
    }
    Ok(json!({"value": text}))
}

/// A value may be stated in an object of its own, `{"value": …}`.
fn bare(entry: &Value) -> &Value {
    match entry {
        Value::Object(object) if object.len() == 1 => object.get("value").unwrap_or(entry),
        _ => entry,
    }
}

/// The text of an error about a value, as Podio begins it.
fn wrong(value: &Value, problem: &str) -> Problem {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "double",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let text = value.to_string();
    let quoted = match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    format!("Invalid value {quoted} ({kind}): {problem}")
}
