//! `/task/…`: tasks, alone or on an object.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;

use super::base::Base;
use super::body::object;
use super::error::ApiError;
use super::id::Id;
use super::referenced::Referenced;
use super::switches::Switched;
use crate::response;
use crate::state::State;
use crate::store::{Reference, Switches, has_tasks};

type Result<T> = std::result::Result<T, ApiError>;

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    Base(base): Base,
    Switched(switches): Switched,
    body: Bytes,
) -> Result<Response> {
    create_for(&state, None, switches, &base, &body)
}

pub(super) async fn create_on(
    Shared(state): Shared<Arc<State>>,
    Referenced(reference): Referenced,
    Base(base): Base,
    Switched(switches): Switched,
    body: Bytes,
) -> Result<Response> {
    if !has_tasks(reference) {
        return Err(ApiError::no_operation());
    }
    create_for(&state, Some(reference), switches, &base, &body)
}

/// Answers with the task, or with a list if several people are responsible.
fn create_for(
    state: &State,
    reference: Option<Reference>,
    switches: Switches,
    base: &str,
    body: &[u8],
) -> Result<Response> {
    let body = object(body)?;
    let mut records = state.records();
    let ids = records.create_tasks(reference, &body, switches)?;
    let shown = ids.iter().map(|&id| records.show_task(id, base)).collect::<std::result::Result<Vec<_>, _>>()?;
    let answer = match <[Value; 1]>::try_from(shown) {
        Ok([task]) => task,
        Err(tasks) => Value::Array(tasks),
    };
    Ok(response::json(StatusCode::OK, &answer))
}

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Id(id): Id, Base(base): Base) -> Result<Response> {
    let task = state.records().show_task(id, &base)?;
    Ok(response::json(StatusCode::OK, &task))
}

pub(super) async fn complete(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    Switched(switches): Switched,
) -> Result<Response> {
    set_completed(&state, id, true, switches)
}

pub(super) async fn incomplete(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    Switched(switches): Switched,
) -> Result<Response> {
    set_completed(&state, id, false, switches)
}

fn set_completed(state: &State, id: u64, completed: bool, switches: Switches) -> Result<Response> {
    state.records().complete_task(id, completed, switches)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    Switched(switches): Switched,
) -> Result<Response> {
    state.records().delete_task(id, switches)?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}
