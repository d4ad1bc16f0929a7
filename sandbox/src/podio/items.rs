//! `/item/…`.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::item_store::Refused;
use super::{Failure, Id};
use crate::reply;
use crate::state::State;

/// Items on a page when the request does not say, and at most.
const DEFAULT_LIMIT: u64 = 30;
const MAX_LIMIT: u64 = 500;

type Result<T> = std::result::Result<T, Failure>;

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    let item = state.items().show(id)?;
    Ok(reply::json(StatusCode::OK, &item))
}

pub(super) async fn create(Shared(state): Shared<Arc<State>>, Id(app): Id, body: Bytes) -> Result<Response> {
    let (item_id, title) = state.items().create(app, &object(&body)?, body.len());
    Ok(reply::json(StatusCode::OK, &json!({"item_id": item_id, "title": title})))
}

pub(super) async fn update(Shared(state): Shared<Arc<State>>, Id(id): Id, body: Bytes) -> Result<Response> {
    let (revision, title) = state.items().update(id, &object(&body)?, body.len())?;
    Ok(reply::json(StatusCode::OK, &json!({"revision": revision, "title": title})))
}

pub(super) async fn delete(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    state.items().delete(id)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// All items of the app, by pages; filters in the body are not applied.
pub(super) async fn filter(Shared(state): Shared<Arc<State>>, Id(app): Id, body: Bytes) -> Result<Response> {
    let body = object(&body)?;
    let number = |name: &str, default: u64| match body.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value
            .as_u64()
            .ok_or_else(|| Failure::invalid_value(format!("Invalid value {value} ({name}): must be integer"))),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", DEFAULT_LIMIT)?);
    if limit > MAX_LIMIT {
        return Err(Failure::invalid_value(format!("Invalid value {limit} (limit): must be at most {MAX_LIMIT}")));
    }
    let (offset, limit) = (usize::try_from(offset), usize::try_from(limit));
    let (total, items) = state.items().page(app, offset.unwrap_or(usize::MAX), limit.unwrap_or(usize::MAX));
    Ok(reply::json(StatusCode::OK, &json!({"total": total, "filtered": total, "items": items})))
}

fn object(body: &[u8]) -> Result<Map<String, Value>> {
    if body.is_empty() {
        return Err(Failure::no_operation());
    }
    let not_object = |_| Failure::invalid_value("Invalid value: must be object");
    serde_json::from_slice(body).map_err(not_object)
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Absent => Self::no_object(),
            Refused::Deleted => Self::new(StatusCode::GONE, "gone", "Item has been deleted"),
            Refused::Conflict(present) => {
                let description = format!("The item has changed: its revision is {present}");
                Self::new(StatusCode::CONFLICT, "conflict", description)
            }
        }
    }
}
