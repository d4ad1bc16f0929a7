//! Object storage, which returns the bytes that were stored.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::StreamExt;
use serde_json::json;
use uuid::Uuid;

use super::error::error_response;
use crate::response;
use crate::state::State;
use crate::store::MAX_OBJECT_BYTES;

pub(super) async fn create(Shared(state): Shared<Arc<State>>, body: Body) -> Response {
    store(&state, Uuid::new_v4(), body, StatusCode::CREATED).await
}

pub(super) async fn put(Shared(state): Shared<Arc<State>>, Path(id): Path<String>, body: Body) -> Response {
    match id.parse() {
        Ok(id) => store(&state, id, body, StatusCode::OK).await,
        Err(_) => absent(&id),
    }
}

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Path(id): Path<String>) -> Response {
    let Some(bytes) = id.parse().ok().and_then(|id| state.objects().get(id)) else { return absent(&id) };
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response
}

pub(super) async fn delete(Shared(state): Shared<Arc<State>>, Path(id): Path<String>) -> Response {
    let deleted = id.parse::<Uuid>().ok().and_then(|id| state.objects().remove(id));
    deleted.map_or_else(|| absent(&id), |_| response::empty(StatusCode::NO_CONTENT))
}

async fn store(state: &State, id: Uuid, body: Body, success: StatusCode) -> Response {
    let mut bytes = BytesMut::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else { return error_response(StatusCode::BAD_REQUEST, "the object's bytes break off") };
        if bytes.len() + chunk.len() > MAX_OBJECT_BYTES {
            let detail = format!("an object may have at most {MAX_OBJECT_BYTES} bytes");
            return error_response(StatusCode::PAYLOAD_TOO_LARGE, &detail);
        }
        bytes.extend_from_slice(&chunk);
    }
    state.objects().put(id, bytes.freeze());
    response::json(success, &json!({"objectId": id.to_string()}))
}

fn absent(id: &str) -> Response {
    error_response(StatusCode::NOT_FOUND, &format!("there is no object {id}"))
}
