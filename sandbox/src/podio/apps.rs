//! `/org/` and `/app/…`: organizations with their spaces, and apps.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::error::ApiError;
use super::id::Id;
use crate::response;
use crate::state::State;
use crate::store::{App, ORGANIZATIONS};

type Result<T> = std::result::Result<T, ApiError>;

pub(super) async fn organizations() -> Response {
    response::json(StatusCode::OK, &ORGANIZATIONS)
}

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    let app = state.records().apps.open(id)?;
    Ok(response::json(StatusCode::OK, &app.show()))
}

pub(super) async fn of_space(Shared(state): Shared<Arc<State>>, Id(space): Id) -> Result<Response> {
    let apps = state.records().apps.of_space(space)?;
    Ok(list(&apps))
}

pub(super) async fn of_user(Shared(state): Shared<Arc<State>>) -> Response {
    let apps = state.records().apps.visible();
    list(&apps)
}

fn list(apps: &[Arc<App>]) -> Response {
    let apps: Vec<Value> = apps.iter().map(|app| app.summary()).collect();
    response::json(StatusCode::OK, &apps)
}
