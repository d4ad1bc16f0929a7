//! Finds items: by id, by external id, by the value of a field.

use elasticio_runtime::{
    action::{Failure, Interruption},
    platform::json::RawObject,
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    calls::{Calls, explained, read},
    emitted::{ItemHead, ItemValues},
};
use crate::{
    podio::fields::{App, Field, Given, Problems, filter_value, has_text},
    rest::{Answer, address::segment},
};

/// Results of one call of the search; Podio's limit.
pub(crate) const SEARCH_PAGE: usize = 20;
/// Calls of the search for one text. What it finds is read item by item, so more would cost too many calls.
const MAX_SEARCHES: usize = 5;

/// An item as Podio returned it.
pub(crate) struct Found {
    /// The whole item.
    pub(crate) item: Box<RawValue>,
    /// What it says of itself.
    pub(crate) head: ItemHead,
}

impl Found {
    /// `None` if it is not an item.
    fn read(item: Box<RawValue>) -> Option<Self> {
        Some(Self { head: ItemHead::read(&item)?, item })
    }
}

/// What a search finds.
#[derive(Deserialize)]
struct Hit {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    id: u64,
}

/// The item with this id; `None` if it is gone, or was never there.
pub(crate) async fn by_item_id(calls: Calls<'_>, id: u64) -> Result<Option<Found>, Interruption> {
    one(calls, &format!("/item/{id}"), "The item cannot be read.").await
}

/// An item of the app with this external id, of which Podio allows several.
pub(crate) async fn by_external_id(calls: Calls<'_>, app: &App, id: &str) -> Result<Option<Found>, Interruption> {
    let unfit =
        || Failure::input("\"externalId\" (External ID) cannot be a dot, or two: Podio's paths have no place for it.");
    let segment = segment(id).ok_or_else(unfit)?;
    let path = format!("/item/app/{}/external_id/{segment}", app.id);
    one(calls, &path, &format!("The {} cannot be searched for the external id.", app.title())).await
}

async fn one(calls: Calls<'_>, path: &str, what: &str) -> Result<Option<Found>, Interruption> {
    match calls.get(path).await {
        Ok(answer) => {
            let item = read(&answer, "GET /item/…")?;
            let not_an_item = || Failure::new("Podio's answer to GET /item/… is not an item.");
            Ok(Some(Found::read(item).ok_or_else(not_an_item)?))
        }
        Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(None),
        Err(error) => Err(explained(error, what)),
    }
}

/// The items whose field has this value, at most two: more than one is more than a lookup wants.
pub(crate) async fn by_field(
    calls: Calls<'_>,
    app: &App,
    field: &Field,
    given: Given<'_>,
) -> Result<Vec<Found>, Interruption> {
    let unfit = |unfit| {
        let mut problems = Problems::default();
        problems.unfit(field, &unfit);
        problems.failure(app)
    };
    if field.kind.is_filterable() {
        let value = filter_value(field, given).map_err(unfit)?;
        return filtered(calls, app, &key(field), value, 2).await;
    }
    let text = given.text().ok_or_else(|| unfit(given.must_be("a text")))?;
    let mut items = Vec::new();
    for page in 0..MAX_SEARCHES {
        let ids = search(calls, app, &text, page * SEARCH_PAGE).await?;
        for id in &ids {
            let has_text = |found: &Found| has_text(field, ItemValues::read(&found.item).of(&field.external_id), &text);
            items.extend(by_item_id(calls, *id).await?.filter(has_text));
            if items.len() > 1 {
                return Ok(items);
            }
        }
        if ids.len() < SEARCH_PAGE {
            return Ok(items);
        }
    }
    Err(Failure::new(format!(
        "More than {} items of the {} have words of the text for {}, too many to look for the exact one. Look up by \
         another field, or by the external id.",
        SEARCH_PAGE * MAX_SEARCHES,
        app.title(),
        field.title(),
    ))
    .into())
}

/// The newest items that a filter with one key lets through.
pub(super) async fn filtered(
    calls: Calls<'_>,
    app: &App,
    key: &str,
    value: Value,
    limit: usize,
) -> Result<Vec<Found>, Interruption> {
    let body = json!({
        "filters": { key: value }, "sort_by": "created_on", "sort_desc": true, "limit": limit, "remember": false,
    });
    let answer = calls.post(&format!("/item/app/{}/filter/", app.id), &body).await;
    let answer = answer.map_err(|error| explained(error, &format!("The {} cannot be searched.", app.title())))?;
    Ok(items_of(&answer)?)
}

/// The items in a filter's answer.
pub(crate) fn items_of(answer: &Answer) -> Result<Vec<Found>, Failure> {
    let unfit = || Failure::new("Podio's answer to POST /item/app/…/filter/ is not a list of items.");
    let crate::rest::answer::Body::Json(json) = answer.body() else { return Err(unfit()) };
    let object = RawObject::deserialize(json).map_err(|_| unfit())?;
    let items = object.get("items").ok_or_else(unfit)?;
    let items: Vec<Box<RawValue>> = serde_json::from_str(items.get()).map_err(|_| unfit())?;
    items.into_iter().map(Found::read).collect::<Option<_>>().ok_or_else(unfit)
}

/// The ids of items that have the words of a text, somewhere.
async fn search(calls: Calls<'_>, app: &App, text: &str, offset: usize) -> Result<Vec<u64>, Interruption> {
    let body = search_body(text, offset);
    let answer = calls.post(&search_path(app), &body).await;
    let answer = answer.map_err(|error| explained(error, &format!("The {} cannot be searched.", app.title())))?;
    Ok(hits(&answer)?)
}

/// The path of the search in an app.
pub(crate) fn search_path(app: &App) -> String {
    format!("/search/app/{}/", app.id)
}

/// The body of a search.
pub(crate) fn search_body(text: &str, offset: usize) -> Value {
    json!({ "query": text, "ref_type": "item", "limit": SEARCH_PAGE, "offset": offset })
}

/// The ids of the items that a search found.
pub(crate) fn hits(answer: &Answer) -> Result<Vec<u64>, Failure> {
    let hits: Vec<Hit> = read(answer, "POST /search/app/…/")?;
    let is_item = |hit: &Hit| hit.kind.as_deref().is_none_or(|kind| kind == "item");
    Ok(hits.into_iter().filter(is_item).map(|hit| hit.id).collect())
}

/// The key of a field in filters and sort orders.
pub(crate) fn key(field: &Field) -> String {
    field.id.map_or_else(|| field.external_id.clone(), |id| id.to_string())
}
