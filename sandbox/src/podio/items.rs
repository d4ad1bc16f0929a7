//! `/item/…`: items, created, read, updated, deleted and listed.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;

use super::base::Base;
use super::body::object;
use super::error::ApiError;
use super::id::Id;
use super::switches::Switched;
use crate::response;
use crate::state::State;

type Result<T> = std::result::Result<T, ApiError>;

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Id(id): Id, Base(base): Base) -> Result<Response> {
    let item = state.records().show_item(id, &base)?;
    Ok(response::json(StatusCode::OK, &item))
}

pub(super) async fn get_by_external_id(
    Shared(state): Shared<Arc<State>>,
    Path((app, external_id)): Path<(String, String)>,
    Base(base): Base,
) -> Result<Response> {
    let app = app.parse().map_err(|_| ApiError::no_operation())?;
    let item = state.records().show_item_with_external_id(app, &external_id, &base)?;
    Ok(response::json(StatusCode::OK, &item))
}

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    Id(app): Id,
    Switched(switches): Switched,
    body: Bytes,
) -> Result<Response> {
    let created = state.records().create_item(app, &object(&body)?, body.len(), switches)?;
    Ok(response::json(StatusCode::OK, &created))
}

pub(super) async fn update(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    Switched(switches): Switched,
    body: Bytes,
) -> Result<Response> {
    let updated = state.records().update_item(id, &object(&body)?, body.len(), switches)?;
    Ok(response::json(StatusCode::OK, &updated))
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    Switched(switches): Switched,
) -> Result<Response> {
    state.records().delete_item(id, switches)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn filter(
    Shared(state): Shared<Arc<State>>,
    Id(app): Id,
    Base(base): Base,
    body: Bytes,
) -> Result<Response> {
    let page = state.records().filter_items(app, &object(&body)?, &base)?;
    let page = json!({"total": page.total, "filtered": page.filtered, "items": page.items});
    Ok(response::json(StatusCode::OK, &page))
}
