//! The keys of accounts.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;

use super::error::error_response;
use super::json_body::JsonBody;
use crate::response;
use crate::state::State;

/// Stores whatever JSON the account's keys are.
pub(super) async fn put_keys(
    Shared(state): Shared<Arc<State>>,
    Path(account): Path<String>,
    JsonBody(body): JsonBody,
) -> Response {
    state.account_keys().put(account, body);
    response::json_bytes(StatusCode::OK, "{}")
}

pub(super) async fn keys(Shared(state): Shared<Arc<State>>, Path(account): Path<String>) -> Response {
    let keys = state.account_keys().get(&account);
    let absent = || error_response(StatusCode::NOT_FOUND, &format!("account {account} has no keys"));
    keys.map_or_else(absent, |keys| response::json_bytes(StatusCode::OK, keys))
}
