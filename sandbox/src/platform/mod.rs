//! The integration platform: the part of its REST API that a component uses, and object storage.

mod accounts;
mod error;
mod flows;
mod json_body;
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

use self::error::error_response;
use crate::state::State;

/// The platform as it behaves without scripted answers.
pub(crate) fn router(state: &Arc<State>) -> Router {
    Router::new()
        .route("/v1/tasks/{flow}/steps/{step}", get(flows::step))
        .route("/v1/accounts/{id}", get(accounts::keys).put(accounts::put_keys))
        .route(
            "/sailor-support/hooks/task/{flow}/startup/data",
            get(flows::startup_data).post(flows::add_startup_data).delete(flows::delete_startup_data),
        )
        .route("/v2/workspaces/{workspace}/secrets/{id}", get(secrets::get))
        .route("/v2/workspaces/{workspace}/secrets/{id}/refresh", post(secrets::refresh))
        .route("/objects", post(objects::create))
        .route("/objects/{id}", get(objects::get).put(objects::put).delete(objects::delete))
        .route_layer(from_fn_with_state(Arc::clone(state), require_authorization))
        .fallback(no_route)
        .method_not_allowed_fallback(no_route)
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(state))
}

/// What works without a scripted answer even if only scripted answers are given.
pub(crate) fn always_works(method: &Method, path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.next()) {
        (Some("objects"), _) => true,
        (Some("v1"), Some("tasks")) => method == Method::GET && segments.nth(1) == Some("steps"),
        _ => false,
    }
}

/// The response if only scripted answers are given and there is none for this call.
pub(crate) fn not_scripted(method: &Method, path: &str) -> Response {
    error_response(StatusCode::NOT_FOUND, &format!("there is no scripted answer for {method} {path}"))
}

/// The REST API requires basic authorization with any user, object storage any bearer token.
async fn require_authorization(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let scheme = if request.uri().path().starts_with("/objects") { "Bearer " } else { "Basic " };
    let authorization = request.headers().get(AUTHORIZATION);
    let is_authorized = authorization.is_some_and(|value| value.as_bytes().starts_with(scheme.as_bytes()));
    if is_authorized || state.only_answers {
        return next.run(request).await;
    }
    error_response(
        StatusCode::UNAUTHORIZED,
        &format!("the authorization header is missing or not {}", scheme.trim_end()),
    )
}

async fn no_route(request: Request) -> Response {
    error_response(StatusCode::NOT_FOUND, &format!("there is no {} {}", request.method(), request.uri().path()))
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
