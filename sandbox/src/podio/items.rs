//! `/item/…`: items, created, read, updated, deleted and listed.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::id::Id;
use crate::response;
use crate::state::State;
use crate::store::ItemError;

/// Items on a page unless the request states a limit.
const DEFAULT_LIMIT: u64 = 30;
/// Most items on a page.
const MAX_LIMIT: u64 = 500;

type Result<T> = std::result::Result<T, ApiError>;

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    let item = state.items().show(id)?;
    Ok(response::json(StatusCode::OK, &item))
}

pub(super) async fn create(Shared(state): Shared<Arc<State>>, Id(app): Id, body: Bytes) -> Result<Response> {
    let created = state.items().create(app, &object(&body)?, body.len());
    Ok(response::json(StatusCode::OK, &created))
}

pub(super) async fn update(Shared(state): Shared<Arc<State>>, Id(id): Id, body: Bytes) -> Result<Response> {
    let updated = state.items().update(id, &object(&body)?, body.len())?;
    Ok(response::json(StatusCode::OK, &updated))
}

pub(super) async fn delete(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    state.items().delete(id)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

/// Lists the app's items page by page; filters in the body are not applied.
pub(super) async fn filter(Shared(state): Shared<Arc<State>>, Id(app): Id, body: Bytes) -> Result<Response> {
    let body = object(&body)?;
    let number = |name: &str, default: u64| match body.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value
            .as_u64()
            .ok_or_else(|| ApiError::invalid_value(format!("Invalid value {value} ({name}): must be integer"))),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", DEFAULT_LIMIT)?);
    if limit > MAX_LIMIT {
        return Err(ApiError::invalid_value(format!("Invalid value {limit} (limit): must be at most {MAX_LIMIT}")));
    }
    let (offset, limit) = (usize::try_from(offset), usize::try_from(limit));
    let page = state.items().page(app, offset.unwrap_or(usize::MAX), limit.unwrap_or(usize::MAX));
    Ok(response::json(StatusCode::OK, &json!({"total": page.total, "filtered": page.total, "items": page.items})))
}

fn object(body: &[u8]) -> Result<Map<String, Value>> {
    if body.is_empty() {
        return Err(ApiError::no_operation());
    }
    let not_object = |_| ApiError::invalid_value("Invalid value: must be object");
    serde_json::from_slice(body).map_err(not_object)
}

impl From<ItemError> for ApiError {
    fn from(error: ItemError) -> Self {
        match error {
            ItemError::Absent => Self::no_object(),
            ItemError::Deleted => Self::new(StatusCode::GONE, "gone", "Item has been deleted"),
            ItemError::Conflict { revision } => {
                let description = format!("The item has changed: its revision is {revision}");
                Self::new(StatusCode::CONFLICT, "conflict", description)
            }
        }
    }
}
