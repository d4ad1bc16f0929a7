//! What items are sorted by.

use std::cmp::Ordering;

use serde_json::Value;

use super::item::Item;
use crate::store::apps::{App, Field, Kind};
use crate::store::profiles::Profile;
use crate::store::values::number;

/// What a filter call sorts by.
#[derive(Debug)]
pub(super) enum SortBy<'a> {
    CreatedOn,
    LastEditOn,
    /// The last event.
    Activity,
    Title,
    /// `item_id`, `app_item_id` and what the sandbox does not tell apart: everything is by the same user.
    Id,
    Field(&'a Field),
}

/// What one item is sorted by.
#[derive(Debug, PartialEq)]
pub(super) enum Key {
    Number(f64),
    Text(String),
}

impl Eq for Key {}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'a> SortBy<'a> {
    /// Reads `sort_by`: a name, or the external id or id of a field.
    pub(super) fn read(app: &'a App, stated: Option<&Value>) -> Result<Self, String> {
        let name = match stated {
            None | Some(Value::Null) => return Ok(Self::CreatedOn),
            Some(Value::String(name)) => name.clone(),
            Some(Value::Number(id)) => id.to_string(),
            Some(other) => return Err(format!("Invalid value {other} (sort_by): must be string")),
        };
        let unknown = || format!("Invalid value \"{name}\" (sort_by): items are not sorted by that");
        match name.as_str() {
            "created_on" => Ok(Self::CreatedOn),
            "last_edit_on" => Ok(Self::LastEditOn),
            "activity" => Ok(Self::Activity),
            "title" => Ok(Self::Title),
            "item_id" | "app_item_id" | "priority" | "created_by" | "last_edit_by" => Ok(Self::Id),
            _ => app.field(&name).filter(|field| is_sortable(&field.kind)).map(Self::Field).ok_or_else(unknown),
        }
    }

    /// What the item is sorted by; none if it has no such value.
    pub(super) fn key(&self, app: &App, item: &Item) -> Option<Key> {
        let text = |text: &str| Some(Key::Text(text.to_owned()));
        match self {
            Self::CreatedOn => text(&item.created),
            Self::LastEditOn => text(&item.edited),
            Self::Activity => text(&item.last_event),
            Self::Title => Some(Key::Text(item.title(app).to_lowercase())),
            Self::Id => None,
            Self::Field(field) => field_key(&field.kind, item.values(app, field).first()?),
        }
    }
}

fn is_sortable(kind: &Kind) -> bool {
    match kind {
        Kind::Text
        | Kind::Number
        | Kind::Progress
        | Kind::Duration
        | Kind::Money { .. }
        | Kind::Options { .. }
        | Kind::Date { .. }
        | Kind::Location
        | Kind::App { .. }
        | Kind::Contact
        | Kind::Calculation { .. } => true,
        Kind::Tel
        | Kind::Tag
        | Kind::Embed
        | Kind::Email { .. }
        | Kind::Phone { .. }
        | Kind::File { .. }
        | Kind::Separator => false,
    }
}

fn field_key(kind: &Kind, first: &Value) -> Option<Key> {
    let value = &first["value"];
    match kind {
        Kind::Text | Kind::Location => Some(Key::Text(value.as_str()?.to_lowercase())),
        Kind::Date { .. } => start(first).map(Key::Text),
        Kind::Contact => Profile::by_id(value.as_u64()?).map(|person| Key::Text(person.name.to_owned())),
        _ => number(value).map(Key::Number),
    }
}

/// When a kept date begins, in Podio's spelling of a time.
pub(super) fn start(kept: &Value) -> Option<String> {
    let time = kept["start_time"].as_str().unwrap_or("00:00:00");
    Some(format!("{} {time}", kept["start_date"].as_str()?))
}
