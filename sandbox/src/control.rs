//! The sandbox's own paths, `/_sandbox/…`, on both listeners: the page, the journal, scripted
//! answers, step data, apps, the clock, tokens, the rate limit and traces.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post, put};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answers::Answers;
use crate::page;
use crate::rate_limit::PoolName;
use crate::response;
use crate::spans::exported_spans;
use crate::state::State;
use crate::store::parse_time;
use crate::view::View;

/// Largest definition of an app, in bytes.
const MAX_DEFINITION: usize = 1024 * 1024;

/// Largest export of spans, in bytes.
const MAX_EXPORT: usize = 4 * 1024 * 1024;

type BadRequest = (StatusCode, String);

pub(crate) fn router(state: &Arc<State>) -> Router {
    Router::new()
        .route("/_sandbox/health", get(health))
        .route("/_sandbox/calls", get(calls).delete(clear_calls))
        .route("/_sandbox/answers", get(answers).put(merge_answers).post(add_answer).delete(clear_answers))
        .route("/_sandbox/state", get(view))
        .route("/_sandbox/rate-limit", put(set_rate_limit))
        .route("/_sandbox/rate-limit-marked", put(set_marked_rate_limit))
        .route("/_sandbox/step", put(set_step))
        .route("/_sandbox/apps/{id}", put(define_app))
        .route("/_sandbox/clock", put(set_clock))
        .route("/_sandbox/expire-tokens", post(expire_tokens))
        .route("/_sandbox/revoke", post(revoke))
        .route("/_sandbox/otlp/v1/traces", post(take_spans))
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(state))
        .merge(page::router())
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

/// Takes the short form of one answer, which replaces those of its key.
async fn add_answer(Shared(state): Shared<Arc<State>>, short: String) -> Result<StatusCode, BadRequest> {
    let mut answers = Answers::default();
    answers.push_short(short.trim()).map_err(|error| bad_request(&error))?;
    state.scripts.merge(answers).map_err(|error| bad_request(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn view(Shared(state): Shared<Arc<State>>) -> Response {
    response::json(StatusCode::OK, &View::of(&state))
}

async fn set_rate_limit(Shared(state): Shared<Arc<State>>, limit: String) -> Result<StatusCode, BadRequest> {
    set_limit(&state, PoolName::All, &limit)
}

async fn set_marked_rate_limit(Shared(state): Shared<Arc<State>>, limit: String) -> Result<StatusCode, BadRequest> {
    set_limit(&state, PoolName::Marked, &limit)
}

/// Takes `CALLS/SECONDS`, or nothing for no limit.
fn set_limit(state: &State, pool: PoolName, limit: &str) -> Result<StatusCode, BadRequest> {
    let limit = Some(limit.trim()).filter(|limit| !limit.is_empty());
    let limit = limit.map(|limit| limit.parse().map_err(|error| (StatusCode::BAD_REQUEST, format!("{error}\n"))));
    state.limiter.set(pool, limit.transpose()?);
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

/// Takes the definition of an app, and answers with its revision.
async fn define_app(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<u64>,
    body: Bytes,
) -> Result<Response, BadRequest> {
    if body.len() > MAX_DEFINITION {
        return Err((StatusCode::BAD_REQUEST, format!("the definition is larger than {MAX_DEFINITION} bytes\n")));
    }
    let revision = state.records().define_app(id, parse(&body)?);
    let revision = revision.map_err(|problem| (StatusCode::BAD_REQUEST, format!("{problem}\n")))?;
    Ok(response::json(StatusCode::OK, &json!({"app_id": id, "current_revision": revision})))
}

/// Takes the time at which Podio's clock stands still, or nothing if it is to go on.
async fn set_clock(Shared(state): Shared<Arc<State>>, time: String) -> Result<StatusCode, BadRequest> {
    let time = Some(time.trim()).filter(|time| !time.is_empty());
    let wrong = || (StatusCode::BAD_REQUEST, "the time has the form 2026-08-20 09:10:11, in UTC\n".to_owned());
    let time = time.map(|time| parse_time(time).ok_or_else(wrong)).transpose()?;
    state.records().clock.stop(time.map(|time| time.assume_utc().into()));
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

/// Takes an export of spans, as a collector does.
async fn take_spans(Shared(state): Shared<Arc<State>>, body: Bytes) -> StatusCode {
    if body.len() > MAX_EXPORT {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    let Some(spans) = exported_spans(&body) else { return StatusCode::BAD_REQUEST };
    state.traces.add(spans);
    StatusCode::OK
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, BadRequest> {
    serde_json::from_slice(body).map_err(|error| bad_request(&error))
}

fn bad_request(error: &dyn std::error::Error) -> BadRequest {
    (StatusCode::BAD_REQUEST, format!("{error}\n"))
}
