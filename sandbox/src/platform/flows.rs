//! Step data, the data of startup hooks, and the keys of accounts.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;

use super::failure;
use crate::newest::Newest;
use crate::reply;
use crate::state::State;

/// Most flows whose hook data, and most accounts whose keys, are kept; the oldest give way.
const MAX_ENTRIES: usize = 1000;
/// Most bytes of all hook data, or of all keys, together.
const MAX_BYTES: usize = 16 * 1024 * 1024;

type Kept = Shared<Arc<State>>;

/// Startup-hook data by flow.
pub(crate) struct Hooks(Newest<String, Bytes>);

/// The last body of `PUT /v1/accounts/{id}` by account.
pub(crate) struct Keys(Newest<String, Bytes>);

impl Default for Hooks {
    fn default() -> Self {
        Self(Newest::weighing(MAX_ENTRIES, MAX_BYTES))
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self(Newest::weighing(MAX_ENTRIES, MAX_BYTES))
    }
}

pub(super) async fn step(Shared(state): Kept) -> Response {
    reply::json_bytes(StatusCode::OK, state.step())
}

pub(super) async fn hook(Shared(state): Kept, Path(flow): Path<String>) -> Response {
    let data = state.hooks().0.get(&flow).cloned();
    data.map_or_else(|| no_hook(&flow), |data| reply::json_bytes(StatusCode::OK, data))
}

/// Hook data is posted once: a second time is a conflict until it is deleted.
pub(super) async fn add_hook(Shared(state): Kept, Path(flow): Path<String>, body: Bytes) -> Response {
    if !is_json(&body) {
        return failure(StatusCode::BAD_REQUEST, "the body is not JSON");
    }
    let mut hooks = state.hooks();
    if hooks.0.get(&flow).is_some() {
        return failure(StatusCode::CONFLICT, &format!("flow {flow} has startup data already"));
    }
    let weight = body.len();
    hooks.0.insert_weighing(flow, body.clone(), weight);
    reply::json_bytes(StatusCode::CREATED, body)
}

pub(super) async fn delete_hook(Shared(state): Kept, Path(flow): Path<String>) -> Response {
    let deleted = state.hooks().0.remove(&flow);
    deleted.map_or_else(|| no_hook(&flow), |_| reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn set_keys(Shared(state): Kept, Path(account): Path<String>, body: Bytes) -> Response {
    if !is_json(&body) {
        return failure(StatusCode::BAD_REQUEST, "the body is not JSON");
    }
    let weight = body.len();
    state.keys().0.insert_weighing(account, body, weight);
    reply::json_bytes(StatusCode::OK, "{}")
}

pub(super) async fn keys(Shared(state): Kept, Path(account): Path<String>) -> Response {
    let keys = state.keys().0.get(&account).cloned();
    let absent = || failure(StatusCode::NOT_FOUND, &format!("account {account} has no keys"));
    keys.map_or_else(absent, |keys| reply::json_bytes(StatusCode::OK, keys))
}

fn no_hook(flow: &str) -> Response {
    failure(StatusCode::NOT_FOUND, &format!("flow {flow} has no startup data"))
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok()
}
