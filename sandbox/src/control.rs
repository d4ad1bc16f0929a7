//! The sandbox's own paths, `/_sandbox/…`, on both listeners: the journal, scripted answers, step data and tokens.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post, put};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answers::Answers;
use crate::response;
use crate::state::State;

type BadRequest = (StatusCode, String);

pub(crate) fn router(state: &Arc<State>) -> Router {
    Router::new()
        .route("/_sandbox/health", get(health))
        .route("/_sandbox/calls", get(calls).delete(clear_calls))
        .route("/_sandbox/answers", get(answers).put(merge_answers).delete(clear_answers))
        .route("/_sandbox/step", put(set_step))
        .route("/_sandbox/expire-tokens", post(expire_tokens))
        .route("/_sandbox/revoke", post(revoke))
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(state))
}

async fn health() -> Response {
    response::json_bytes(StatusCode::OK, r#"{"status":"ok"}"#)
}

async fn calls(Shared(state): Shared<Arc<State>>) -> Response {
    response::json(StatusCode::OK, &state.journal.calls())
}

async fn clear_calls(Shared(state): Shared<Arc<State>>) -> StatusCode {
    state.journal.clear();
    StatusCode::NO_CONTENT
}

async fn answers(Shared(state): Shared<Arc<State>>) -> Response {
    response::json(StatusCode::OK, &state.scripts.answers())
}

async fn merge_answers(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<StatusCode, BadRequest> {
    let answers: Answers = parse(&body)?;
    state.scripts.merge(answers).map_err(|error| bad_request(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_answers(Shared(state): Shared<Arc<State>>) -> Result<StatusCode, BadRequest> {
    state.scripts.replace(Answers::default()).map_err(|error| bad_request(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_step(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<StatusCode, BadRequest> {
    let _: Value = parse(&body)?;
    state.set_step(body);
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_tokens(Shared(state): Shared<Arc<State>>) -> StatusCode {
    state.tokens.expire_access_tokens();
    StatusCode::NO_CONTENT
}

async fn revoke(Shared(state): Shared<Arc<State>>) -> StatusCode {
    state.tokens.revoke_refresh_tokens();
    StatusCode::NO_CONTENT
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, BadRequest> {
    serde_json::from_slice(body).map_err(|error| bad_request(&error))
}

fn bad_request(error: &dyn std::error::Error) -> BadRequest {
    (StatusCode::BAD_REQUEST, format!("{error}\n"))
}
