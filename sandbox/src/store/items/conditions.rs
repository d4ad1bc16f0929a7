//! The conditions of a filter. All of them must hold.

use serde_json::{Map, Value};

use super::item::Item;
use super::order::start;
use crate::store::apps::{App, Field, Kind};
use crate::store::clock::parse_time;
use crate::store::profiles::{ME, Profile};
use crate::store::values::number;

/// Whether an item matches.
pub(super) type Condition<'a> = Box<dyn Fn(&Item) -> bool + 'a>;

/// Reads `filters`: an object (key → value), or a list of objects with `key` and `values`.
pub(super) fn read<'a>(app: &'a App, stated: Option<&Value>) -> Result<Vec<Condition<'a>>, String> {
    let pairs: Vec<(String, &Value)> = match stated {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(filters)) => filters.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Some(Value::Array(filters)) => {
            let key = |filter: &Value| match &filter["key"] {
                Value::String(key) => Ok(key.clone()),
                Value::Number(key) => Ok(key.to_string()),
                _ => Err(wrong("filters", filter, "must have a key")),
            };
            let pair = |filter| Ok::<_, String>((key(filter)?, &filter["values"]));
            filters.iter().map(pair).collect::<Result<_, _>>()?
        }
        Some(other) => return Err(wrong("filters", other, "must be object or must be array")),
    };
    pairs.into_iter().map(|(key, value)| condition(app, &key, value)).collect()
}

fn condition<'a>(app: &'a App, key: &str, value: &Value) -> Result<Condition<'a>, String> {
    match key {
        "created_on" => times(key, value, |item: &Item| Some(item.created.clone())),
        "last_edit_on" => times(key, value, |item: &Item| Some(item.edited.clone())),
        "created_by" | "last_edit_by" => {
            let by_me = list(value).into_iter().any(is_me);
            Ok(Box::new(move |_| by_me))
        }
        "external_id" => {
            let ids = texts(key, value)?;
            Ok(Box::new(move |item| ids.contains(&item.external_id)))
        }
        "item_id" => numbers(key, value, |item: &Item| exact(item.id)),
        "app_item_id" => numbers(key, value, |item: &Item| exact(item.number())),
        "tags" => {
            let tags = texts(key, value)?;
            Ok(Box::new(move |item| item.tags.iter().any(|tag| tags.contains(&Some(tag.clone())))))
        }
        // Texts are not filtered by, and Podio does not say so.
        "title" => Ok(Box::new(|_| true)),
        _ => match app.field(key) {
            Some(field) => of_field(app, field, value),
            None if app.lenient => Ok(Box::new(|_| true)),
            None => Err(format!("Invalid value \"{key}\" (string): No field found")),
        },
    }
}

fn of_field<'a>(app: &'a App, field: &'a Field, value: &Value) -> Result<Condition<'a>, String> {
    let first = |item: &Item| item.values(app, field).first().cloned();
    match field.kind {
        Kind::Number | Kind::Money { .. } | Kind::Progress | Kind::Duration | Kind::Calculation { .. } => {
            if !value.is_object() {
                return Err(wrong(&field.external_id, value, "must be object with from and to"));
            }
            numbers(&field.external_id, value, move |item: &Item| number(&first(item)?["value"]))
        }
        Kind::Date { .. } => times(&field.external_id, value, move |item: &Item| start(&first(item)?)),
        Kind::Options { .. } | Kind::App { .. } | Kind::Contact => {
            let ids = ids(&field.external_id, value)?;
            Ok(Box::new(move |item| {
                let values = item.values(app, field);
                let is_none = values.is_empty() && ids.contains(&None);
                is_none || values.iter().any(|kept| ids.contains(&kept["value"].as_u64()))
            }))
        }
        // Fields of the other types are ignored without a word, texts above all.
        _ => Ok(Box::new(|_| true)),
    }
}

/// A number between `from` and `to`, both included, or one of a list.
fn numbers<'a>(key: &str, value: &Value, of: impl Fn(&Item) -> Option<f64> + 'a) -> Result<Condition<'a>, String> {
    let Value::Object(range) = value else {
        let read = |entry| number(entry).ok_or_else(|| wrong(key, entry, "must be a decimal"));
        let any: Vec<f64> = list(value).into_iter().map(read).collect::<Result<_, _>>()?;
        return Ok(Box::new(move |item| of(item).is_some_and(|number| any.contains(&number))));
    };
    let bound = |name| {
        let stated = bound(key, range, name)?;
        stated.map(|bound| number(bound).ok_or_else(|| wrong(key, bound, "must be a decimal"))).transpose()
    };
    let (from, to) = (bound("from")?, bound("to")?);
    Ok(Box::new(move |item| {
        let within = |number| from.is_none_or(|from| from <= number) && to.is_none_or(|to| number <= to);
        of(item).is_some_and(within)
    }))
}

/// A time between `from` and `to`, both included; a day means all of it.
fn times<'a>(key: &str, value: &Value, of: impl Fn(&Item) -> Option<String> + 'a) -> Result<Condition<'a>, String> {
    let range = value.as_object().ok_or_else(|| wrong(key, value, "must be object with from and to"))?;
    let time = |name, time_of_day| {
        let Some(stated) = bound(key, range, name)? else { return Ok(None) };
        let wrong = || wrong(key, stated, "must be a day or a time, YYYY-MM-DD HH:MM:SS");
        let text = stated.as_str().ok_or_else(wrong)?;
        let whole = if text.len() == "YYYY-MM-DD".len() { format!("{text} {time_of_day}") } else { text.to_owned() };
        parse_time(&whole).ok_or_else(wrong)?;
        Ok::<_, String>(Some(whole))
    };
    let (from, to) = (time("from", "00:00:00")?, time("to", "23:59:59")?);
    Ok(Box::new(move |item| {
        let after = |time: &String| from.as_ref().is_none_or(|from| from <= time);
        let before = |time: &String| to.as_ref().is_none_or(|to| time <= to);
        of(item).is_some_and(|time| after(&time) && before(&time))
    }))
}

/// A bound of a range, which has no other keys than `from` and `to`.
fn bound<'v>(key: &str, range: &'v Map<String, Value>, name: &str) -> Result<Option<&'v Value>, String> {
    if let Some(other) = range.keys().find(|key| !["from", "to"].contains(&key.as_str())) {
        return Err(wrong(key, &Value::Object(range.clone()), &format!("has the key {other} beside from and to")));
    }
    Ok(range.get(name).filter(|bound| !bound.is_null()))
}

/// Ids, and `null` for items without a value.
fn ids(key: &str, value: &Value) -> Result<Vec<Option<u64>>, String> {
    let read = |entry: &Value| match entry {
        Value::Null => Ok(None),
        entry => entry.as_u64().map(Some).ok_or_else(|| wrong(key, entry, "must be integer")),
    };
    list(value).into_iter().map(read).collect()
}

fn texts(key: &str, value: &Value) -> Result<Vec<Option<String>>, String> {
    let read = |entry: &Value| match entry {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(wrong(key, other, "must be string")),
    };
    list(value).into_iter().map(read).collect()
}

/// One value, or those of a list.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(entries) => entries.iter().collect(),
        one => vec![one],
    }
}

/// Whether `{"type": "user", "id": …}` or `"user:…"` means the user that everything is by.
fn is_me(author: &Value) -> bool {
    let by_text = author.as_str().and_then(|text| text.strip_prefix("user:")?.parse().ok()).and_then(Profile::by_user);
    let person = by_text.or_else(|| Profile::identified(author));
    person.is_some_and(|person| person.user_id == ME.user_id)
}

/// Ids are far below 2^53, so they are exact as numbers.
#[expect(clippy::cast_precision_loss, clippy::unnecessary_wraps, reason = "the caller passes what may be absent")]
fn exact(id: u64) -> Option<f64> {
    Some(id as f64)
}

fn wrong(key: &str, value: &Value, problem: &str) -> String {
    format!("Invalid value {value} ({key}): {problem}")
}
