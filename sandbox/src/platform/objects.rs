//! Object storage: bytes in, the same bytes out.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde_json::json;
use uuid::Uuid;

use super::failure;
use crate::newest::Newest;
use crate::reply;
use crate::state::State;

/// Most bytes of one object; a larger one is refused with 413.
pub const MAX_OBJECT_BYTES: usize = 256 * 1024 * 1024;
/// Most bytes of all objects together; the oldest give way.
pub const MAX_OBJECTS_BYTES: usize = 512 * 1024 * 1024;
/// Most objects; the oldest give way.
pub const MAX_OBJECTS: usize = 100_000;

pub(crate) struct Objects(Newest<Uuid, Bytes>);

impl Default for Objects {
    fn default() -> Self {
        Self(Newest::weighing(MAX_OBJECTS, MAX_OBJECTS_BYTES))
    }
}

impl Objects {
    /// Keeps the object, unless it is over [`MAX_OBJECT_BYTES`].
    pub(crate) fn put(&mut self, id: Uuid, bytes: Bytes) {
        if bytes.len() <= MAX_OBJECT_BYTES {
            let weight = bytes.len();
            self.0.insert_weighing(id, bytes, weight);
        }
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<Bytes> {
        self.0.get(&id).cloned()
    }

    /// The oldest first.
    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.0.iter().map(|(id, _)| *id).collect()
    }
}

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
    let deleted = id.parse::<Uuid>().ok().and_then(|id| state.objects().0.remove(&id));
    deleted.map_or_else(|| absent(&id), |_| reply::empty(StatusCode::NO_CONTENT))
}

async fn store(state: &State, id: Uuid, body: Body, done: StatusCode) -> Response {
    let mut bytes = BytesMut::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else { return failure(StatusCode::BAD_REQUEST, "the object's bytes break off") };
        if bytes.len() + chunk.len() > MAX_OBJECT_BYTES {
            let detail = format!("an object may have {MAX_OBJECT_BYTES} bytes at most");
            return failure(StatusCode::PAYLOAD_TOO_LARGE, &detail);
        }
        bytes.extend_from_slice(&chunk);
    }
    state.objects().put(id, bytes.freeze());
    reply::json(done, &json!({"objectId": id.to_string()}))
}

fn absent(id: &str) -> Response {
    failure(StatusCode::NOT_FOUND, &format!("there is no object {id}"))
}
