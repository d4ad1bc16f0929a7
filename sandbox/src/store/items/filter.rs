//! Filters: which items of an app match, in which order, and a page of them.
//!
//! The keys and their forms are those of Podio's documentation, `developers.podio.com/doc/filters`.

use std::cmp::{Ordering, Reverse};

use serde_json::{Map, Value, json};

use super::conditions;
use super::conditions::Condition;
use super::item::Item;
use super::order::{Key, SortBy};
use crate::store::Records;
use crate::store::body::Body;
use crate::store::refusal::Refusal;

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
    pub(crate) fn filter_items(&self, app: u64, body: &Map<String, Value>, base: &str) -> Result<Page, Refusal> {
        let app = self.apps.open(app)?;
        let stated = Body(body);
        let limit = stated.count("limit", DEFAULT_LIMIT)?;
        if limit > MAX_LIMIT {
            let problem = format!("must not be larger than {MAX_LIMIT}");
            return Err(Refusal::invalid("limit", &json!(limit), &problem));
        }
        let offset = stated.count("offset", 0)?;
        let descending = stated.flag("sort_desc", true)?;
        stated.flag("remember", false)?;
        let sort_by = SortBy::read(&app, body.get("sort_by")).map_err(Refusal::Invalid)?;
        let conditions: Vec<Condition<'_>> = conditions::read(&app, body.get("filters")).map_err(Refusal::Invalid)?;

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
