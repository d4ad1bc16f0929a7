//! The sandbox's own paths, `/_sandbox/…`, on both listeners: read the journal, order answers, spoil tokens.

use std::sync::Arc;

use axum::Router;
use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post, put};
use bytes::Bytes;
use serde_json::Value;

use crate::answers::Answers;
use crate::reply;
use crate::state::State;

type Shared = extract::State<Arc<State>>;

pub(crate) fn router(state: &Arc<State>) -> Router {
    Router::new()
        .route("/_sandbox/health", get(health))
        .route("/_sandbox/calls", get(calls).delete(clear_calls))
        .route("/_sandbox/answers", get(answers).put(merge_answers).delete(clear_answers))
        .route("/_sandbox/step", put(set_step))
        .route("/_sandbox/expire-tokens", post(expire_tokens))
        .route("/_sandbox/revoke", post(revoke))
        .layer(extract::DefaultBodyLimit::disable())
        .with_state(Arc::clone(state))
}

async fn health() -> Response {
    reply::json_bytes(StatusCode::OK, r#"{"status":"ok"}"#)
}

async fn calls(extract::State(state): Shared) -> Response {
    reply::json(StatusCode::OK, &state.journal.calls())
}

async fn clear_calls(extract::State(state): Shared) -> StatusCode {
    state.journal.clear();
    StatusCode::NO_CONTENT
}

async fn answers(extract::State(state): Shared) -> Response {
    reply::json(StatusCode::OK, &state.books.answers())
}

async fn merge_answers(extract::State(state): Shared, body: Bytes) -> Result<StatusCode, (StatusCode, String)> {
    let answers: Answers = parse(&body)?;
    state.books.merge(answers).map_err(|error| bad(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_answers(extract::State(state): Shared) -> Result<StatusCode, (StatusCode, String)> {
    state.books.replace(Answers::default()).map_err(|error| bad(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_step(extract::State(state): Shared, body: Bytes) -> Result<StatusCode, (StatusCode, String)> {
    let _: Value = parse(&body)?;
    state.set_step(body);
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_tokens(extract::State(state): Shared) -> StatusCode {
    state.tokens.expire();
    StatusCode::NO_CONTENT
}

async fn revoke(extract::State(state): Shared) -> StatusCode {
    state.tokens.revoke();
    StatusCode::NO_CONTENT
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| bad(&error))
}

fn bad(error: &dyn std::error::Error) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, format!("{error}\n"))
}
