//! `/hook/…`: hooks on apps, fields and spaces.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;

use super::body::object;
use super::error::ApiError;
use super::id::Id;
use super::referenced::Referenced;
use crate::response;
use crate::state::State;

type Result<T> = std::result::Result<T, ApiError>;

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    Referenced(on): Referenced,
    body: Bytes,
) -> Result<Response> {
    let id = state.records().create_hook(on, &object(&body)?)?;
    Ok(response::json(StatusCode::OK, &json!({"hook_id": id})))
}

pub(super) async fn of_object(Shared(state): Shared<Arc<State>>, Referenced(on): Referenced) -> Result<Response> {
    let hooks = state.records().show_hooks(on)?;
    Ok(response::json(StatusCode::OK, &hooks))
}

/// Sends the code once more.
pub(super) async fn request(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    state.records().request_verification(id)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn validate(Shared(state): Shared<Arc<State>>, Id(id): Id, body: Bytes) -> Result<Response> {
    state.records().validate_hook(id, &object(&body)?)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn delete(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    state.records().delete_hook(id)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}
