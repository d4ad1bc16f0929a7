//! `/comment/…`: comments on items and tasks.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;

use super::base::Base;
use super::body::object;
use super::error::ApiError;
use super::id::Id;
use super::referenced::Referenced;
use super::switches::Switched;
use crate::response;
use crate::state::State;

type Result<T> = std::result::Result<T, ApiError>;

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    Referenced(on): Referenced,
    Switched(switches): Switched,
    Base(base): Base,
    body: Bytes,
) -> Result<Response> {
    let body = object(&body)?;
    let mut records = state.records();
    let id = records.add_comment(on, &body, switches)?;
    Ok(response::json(StatusCode::OK, &records.show_comment(id, &base)?))
}

pub(super) async fn of_object(
    Shared(state): Shared<Arc<State>>,
    Referenced(on): Referenced,
    Base(base): Base,
) -> Result<Response> {
    let comments = state.records().show_comments(on, &base)?;
    Ok(response::json(StatusCode::OK, &comments))
}

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Id(id): Id, Base(base): Base) -> Result<Response> {
    let comment = state.records().show_comment(id, &base)?;
    Ok(response::json(StatusCode::OK, &comment))
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    Switched(switches): Switched,
) -> Result<Response> {
    state.records().delete_comment(id, switches)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}
