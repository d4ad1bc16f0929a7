//! The integration platform: its REST API, as far as a component uses it, and object storage.

mod flows;
mod objects;
mod secrets;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::json;

pub(crate) use flows::{Hooks, Keys};
pub(crate) use objects::Objects;
pub use objects::{MAX_OBJECT_BYTES, MAX_OBJECTS, MAX_OBJECTS_BYTES};

use crate::reply;
use crate::state::State;

/// The platform as it behaves when nothing is ordered.
pub(crate) fn router(state: &Arc<State>) -> Router {
    Router::new()
        .route("/v1/tasks/{flow}/steps/{step}", get(flows::step))
        .route("/v1/accounts/{id}", get(flows::keys).put(flows::set_keys))
        .route(
            "/sailor-support/hooks/task/{flow}/startup/data",
            get(flows::hook).post(flows::add_hook).delete(flows::delete_hook),
        )
        .route("/v2/workspaces/{workspace}/secrets/{id}", get(secrets::get))
        .route("/v2/workspaces/{workspace}/secrets/{id}/refresh", post(secrets::refresh))
        .route("/objects", post(objects::create))
        .route("/objects/{id}", get(objects::get).put(objects::put).delete(objects::delete))
        .route_layer(from_fn_with_state(Arc::clone(state), check))
        .fallback(no_route)
        .method_not_allowed_fallback(no_route)
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(state))
}

/// What works without being ordered even where only ordered answers are given.
pub(crate) fn always_works(method: &Method, path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.next()) {
        (Some("objects"), _) => true,
        (Some("v1"), Some("tasks")) => method == Method::GET && segments.nth(1) == Some("steps"),
        _ => false,
    }
}

/// The answer where only ordered answers are given and none is ordered.
pub(crate) fn not_ordered(method: &Method, path: &str) -> Response {
    failure(StatusCode::NOT_FOUND, &format!("no answer is ordered for {method} {path}"))
}

/// The REST API wants basic authorization, object storage a bearer token; any will do.
async fn check(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let scheme = if request.uri().path().starts_with("/objects") { "Bearer " } else { "Basic " };
    let given = request.headers().get(AUTHORIZATION);
    let given = given.is_some_and(|given| given.as_bytes().starts_with(scheme.as_bytes()));
    if given || state.only_answers {
        return next.run(request).await;
    }
    failure(StatusCode::UNAUTHORIZED, &format!("the authorization header is missing or not {}", scheme.trim_end()))
}

async fn no_route(request: Request) -> Response {
    failure(StatusCode::NOT_FOUND, &format!("there is no {} {}", request.method(), request.uri().path()))
}

/// An error as the platform tells it.
fn failure(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    reply::json(status, &json!({"errors": [{"status": status.as_u16(), "title": title, "detail": detail}]}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_data_and_objects_always_work_and_nothing_else_does() {
        assert!(always_works(&Method::GET, "/v1/tasks/flow1/steps/step_2"));
        assert!(always_works(&Method::DELETE, "/objects/1"));
        assert!(!always_works(&Method::POST, "/v1/tasks/flow1/steps/step_2"));
        assert!(!always_works(&Method::GET, "/v1/tasks/flow1"));
        assert!(!always_works(&Method::GET, "/v2/workspaces/ws1/secrets/sec1"));
    }
}
