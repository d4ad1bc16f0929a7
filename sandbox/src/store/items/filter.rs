//! Filters: which items of an app match, in which order, and a page of them.
//!
//! The keys and their forms are those of Podio's documentation, `developers.podio.com/doc/filters`.

use std::cmp::{Ordering, Reverse};

use serde_json::{Map, Value};

use super::conditions::Condition;
use super::item::Item;
use super::order::{Key, SortBy};
use super::{ItemError, conditions};
use crate::store::Records;

/// Items on a page unless the request states a limit.
const DEFAULT_LIMIT: usize = 30;
/// Most items on a page.
const MAX_LIMIT: usize = 500;

/// A page of the items that match.
#[derive(Debug, PartialEq)]
pub(crate) struct Page {
    /// How many items the app has.
    pub(crate) total: usize,
    /// How many of them match.
    pub(crate) filtered: usize,
    /// Those on this page.
    pub(crate) items: Vec<Value>,
}

impl Records {
    /// The page that the body of a filter call asks for.
    pub(crate) fn filter_items(&self, app: u64, body: &Map<String, Value>, base: &str) -> Result<Page, ItemError> {
        let app = self.apps.open(app)?;
        let limit = count(body, "limit", DEFAULT_LIMIT)?;
        if limit > MAX_LIMIT {
            return Err(ItemError::Invalid(format!(
                "Invalid value {limit} (limit): must not be larger than {MAX_LIMIT}"
            )));
        }
        let offset = count(body, "offset", 0)?;
        let descending = flag(body, "sort_desc", true)?;
        flag(body, "remember", false)?;
        let sort_by = SortBy::read(&app, body.get("sort_by")).map_err(ItemError::Invalid)?;
        let conditions: Vec<Condition<'_>> = conditions::read(&app, body.get("filters")).map_err(ItemError::Invalid)?;

        let total = self.items.of_app(app.id).count();
        let matching = self.items.of_app(app.id).filter(|item| conditions.iter().all(|condition| condition(item)));
        let mut found: Vec<(Option<Key>, &Item)> = matching.map(|item| (sort_by.key(&app, item), item)).collect();
        found.sort_unstable_by(|(a, first), (b, second)| {
            let by_value = a.is_none().cmp(&b.is_none()).then_with(|| directed(a, b, descending));
            by_value.then_with(|| directed(&first.id, &second.id, descending))
        });
        let view = self.view(base);
        let items = found.iter().skip(offset).take(limit).map(|(_, item)| item.show(&app, view));
        Ok(Page { total, filtered: found.len(), items: items.collect() })
    }
}

fn directed<T: Ord>(a: &T, b: &T, descending: bool) -> Ordering {
    if descending { Reverse(a).cmp(&Reverse(b)) } else { a.cmp(b) }
}

/// A whole number of a body.
fn count(body: &Map<String, Value>, name: &str, default: usize) -> Result<usize, ItemError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => {
            let count = value.as_u64().map(|count| usize::try_from(count).unwrap_or(usize::MAX));
            count.ok_or_else(|| ItemError::Invalid(format!("Invalid value {value} ({name}): must be integer")))
        }
    }
}

fn flag(body: &Map<String, Value>, name: &str, default: bool) -> Result<bool, ItemError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(value) => Err(ItemError::Invalid(format!("Invalid value {value} ({name}): must be boolean"))),
    }
}
