//! Creates and changes items, so that a lost answer makes no second item where there is a way to look for the first.

use chrono::{NaiveDateTime, TimeDelta, Utc};
use elasticio_runtime::action::{Failure, Interruption};
use serde_json::{Value, json};

use super::{
    calls::{Calls, explained, read},
    emitted::ItemHead,
    find,
    settings::ItemSettings,
    step::Trouble,
};
use crate::{
    podio::fields::{App, Field, Given},
    rest::{Answer, CallError},
};

/// Attempts to create an item whose answers get lost, each after a look for the item.
const MAX_CREATES: u32 = 6;
/// How far Podio's clock and this machine's may be apart.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);
/// Items with the same external id that a result names.
const MAX_TWINS: usize = 10;

/// An item that was created.
pub(crate) struct Created {
    pub(crate) item: ItemHead,
    /// Whether the answer was lost and the item was found afterwards: it may be another's, made at the same moment.
    pub(crate) was_found: bool,
}

/// By what an item is recognized whose creation may or may not have succeeded.
#[derive(Clone, Copy)]
pub(crate) enum Identity<'a> {
    /// No item had this external id before.
    ExternalId(&'a str),
    /// No item had this value of the field before.
    Field(&'a Field, Given<'a>),
    /// Other items may have this external id too: the one that was made since the work on the message began.
    NewWithExternalId(&'a str),
}

impl Identity<'_> {
    /// Whether the item is looked for before anything is created.
    fn is_looked_for_first(self) -> bool {
        !matches!(self, Self::NewWithExternalId(_))
    }
}

/// How items are written: the query of the call.
pub(crate) fn options(settings: &ItemSettings) -> &'static str {
    match (settings.flag("suppressHooks"), settings.flag("silent")) {
        (false, false) => "",
        (true, false) => "?hook=false",
        (false, true) => "?silent=true",
        (true, true) => "?hook=false&silent=true",
    }
}

/// Changes an item. Only what `body` has is changed.
pub(crate) async fn update(
    calls: Calls<'_>,
    app: &App,
    id: u64,
    body: &Value,
    options: &str,
) -> Result<ItemHead, Trouble> {
    let answer = calls.put(&format!("/item/{id}{options}"), body).await;
    let answer = answer.map_err(|error| refused(error, app, id, &body["revision"]))?;
    // A change that changes nothing may have an empty answer.
    let mut item = if answer.is_empty() { ItemHead::default() } else { written(&answer).unwrap_or_default() };
    item.item_id = id;
    Ok(item)
}

fn refused(error: CallError, app: &App, id: u64, revision: &Value) -> Trouble {
    let app = app.title();
    let what = match error.status() {
        Some(409) if !revision.is_null() && error.is_repeated() => format!(
            "The item {id} has a newer revision than {revision}. An earlier attempt of this message, whose answer was \
             lost, may have made it: read the item to see."
        ),
        Some(409) if !revision.is_null() => format!(
            "The item {id} has a newer revision than {revision}: somebody changed it in the meantime, and nothing was \
             written. Read it again, and write to its newest revision."
        ),
        Some(404 | 410) => format!("The {app} has no item {id}, or it was deleted."),
        Some(403) => format!("The credential may not change the item {id} of the {app}."),
        _ => format!("The item {id} of the {app} was not changed."),
    };
    trouble(error, &what)
}

/// A failed call's error. After a 400, Podio's idea of the app may be newer.
fn trouble(error: CallError, what: &str) -> Trouble {
    let is_refused = error.status() == Some(400);
    let interruption = explained(error, what);
    if is_refused { Trouble::Refused(interruption) } else { Trouble::Other(interruption) }
}

/// An item to create.
pub(crate) struct NewItem<'a> {
    /// The body of the call.
    pub(crate) body: Value,
    /// The query of the call.
    pub(crate) options: &'a str,
    /// By what it is recognized after a lost answer; without it, `safe_retries` decides what happens then.
    pub(crate) identity: Option<Identity<'a>>,
    /// Do not repeat the call if it may have been executed.
    pub(crate) safe_retries: bool,
}

/// Creates an item. If the answer is lost, the item is looked for before the call is repeated.
pub(crate) async fn create(calls: Calls<'_>, app: &App, new: &NewItem<'_>) -> Result<Created, Trouble> {
    let path = format!("/item/app/{}/{}", app.id, new.options);
    let began = Utc::now().naive_utc();
    let failed = |error: CallError| {
        let what = match error.status() {
            Some(403) => format!("The credential may not create items in the {}.", app.title()),
            _ if error.is_outcome_unknown() => format!("An item of the {} may have been created, or not.", app.title()),
            _ => format!("No item was created in the {}.", app.title()),
        };
        trouble(error, &what)
    };
    let Some(identity) = new.identity else {
        let answer =
            if new.safe_retries { calls.post_once(&path, &new.body).await } else { calls.post(&path, &new.body).await };
        return Ok(Created { item: written(&answer.map_err(failed)?)?, was_found: false });
    };
    let mut attempt = 1;
    loop {
        let error = match calls.post_once(&path, &new.body).await {
            Ok(answer) => return Ok(Created { item: written(&answer)?, was_found: false }),
            Err(error) if error.is_outcome_unknown() => error,
            Err(error) => return Err(failed(error)),
        };
        tracing::info!(attempt, "the answer to a new item was lost; looking for the item");
        match created_before(calls, app, identity, began).await {
            Ok(Some(item)) => return Ok(Created { item, was_found: true }),
            Ok(None) if attempt < MAX_CREATES => attempt += 1,
            Ok(None) => return Err(failed(error)),
            // Delivered again, the message would create the item without a look for it.
            Err(Interruption::Rebound { .. }) if !identity.is_looked_for_first() => return Err(failed(error)),
            Err(interruption) => return Err(interruption.into()),
        }
    }
}

/// The item that a lost attempt has made.
async fn created_before(
    calls: Calls<'_>,
    app: &App,
    identity: Identity<'_>,
    began: NaiveDateTime,
) -> Result<Option<ItemHead>, Interruption> {
    match identity {
        Identity::ExternalId(id) => Ok(find::by_external_id(calls, app, id).await?.map(|found| found.head)),
        Identity::Field(field, given) => {
            Ok(find::by_field(calls, app, field, given).await?.pop().map(|found| found.head))
        }
        Identity::NewWithExternalId(id) => {
            let newest = find::filtered(calls, app, "external_id", json!([id]), 1).await?.pop();
            let is_new = |head: &ItemHead| {
                let created = head.created_on.as_deref().unwrap_or_default();
                let created = NaiveDateTime::parse_from_str(created, "%Y-%m-%d %H:%M:%S");
                created.is_ok_and(|created| created >= began - CLOCK_SKEW)
            };
            Ok(newest.map(|found| found.head).filter(is_new))
        }
    }
}

/// The ids of other items with the external id of a new one: two steps that create at once make two items. `None` if
/// that cannot be told now; the item is there, so its message must not be done again for it.
async fn twins(calls: Calls<'_>, app: &App, external_id: &str, own: u64) -> Option<Vec<u64>> {
    let Ok(items) = find::filtered(calls, app, "external_id", json!([external_id]), MAX_TWINS).await else {
        tracing::warn!("whether other items have the external id of the item that was created is not known");
        return None;
    };
    let twins: Vec<u64> = items.iter().map(|found| found.head.item_id).filter(|id| *id != own).collect();
    if !twins.is_empty() {
        tracing::warn!(others = twins.len(), "other items have the external id of the item that was created");
    }
    Some(twins)
}

/// The result of creating an item. Whether others have its external id is looked up.
pub(crate) async fn result_of_new(calls: Calls<'_>, app: &App, written: &ItemHead, external_id: Option<&str>) -> Value {
    let others = match external_id {
        Some(id) => twins(calls, app, id, written.item_id).await,
        None => None,
    };
    result(written, true, others.as_deref())
}

/// The result of writing an item. `others`: items with the external id of a new one, if that was asked for.
pub(crate) fn result(written: &ItemHead, created: bool, others: Option<&[u64]>) -> Value {
    let mut result = json!({
        "item_id": written.item_id, "created": created, "title": written.title, "revision": written.newest_revision(),
    });
    if let Some(others) = others {
        result["otherItemIds"] = json!(others);
    }
    result
}

fn written(answer: &Answer) -> Result<ItemHead, Failure> {
    read(answer, "the call that writes an item")
}
