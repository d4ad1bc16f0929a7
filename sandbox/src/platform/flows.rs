//! Step data, and the startup data of flows.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;

use super::error::error_response;
use super::json_body::JsonBody;
use crate::response;
use crate::state::State;
use crate::store::Occupied;

pub(super) async fn step(Shared(state): Shared<Arc<State>>) -> Response {
    response::json_bytes(StatusCode::OK, state.step())
}

pub(super) async fn startup_data(Shared(state): Shared<Arc<State>>, Path(flow): Path<String>) -> Response {
    let data = state.startup_data().get(&flow);
    data.map_or_else(|| absent(&flow), |data| response::json_bytes(StatusCode::OK, data))
}

/// Stores startup data once: a second time is a conflict until the data is deleted.
pub(super) async fn add_startup_data(
    Shared(state): Shared<Arc<State>>,
    Path(flow): Path<String>,
    JsonBody(body): JsonBody,
) -> Response {
    match state.startup_data().add(&flow, body.clone()) {
        Ok(()) => response::json_bytes(StatusCode::CREATED, body),
        Err(Occupied) => error_response(StatusCode::CONFLICT, &format!("flow {flow} has startup data already")),
    }
}

pub(super) async fn delete_startup_data(Shared(state): Shared<Arc<State>>, Path(flow): Path<String>) -> Response {
    let deleted = state.startup_data().remove(&flow);
    deleted.map_or_else(|| absent(&flow), |_| response::empty(StatusCode::NO_CONTENT))
}

fn absent(flow: &str) -> Response {
    error_response(StatusCode::NOT_FOUND, &format!("flow {flow} has no startup data"))
}
