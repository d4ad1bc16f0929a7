//! Podio: a part of its API, and its token endpoint.

mod apps;
mod authorization;
mod base;
mod body;
mod comments;
mod embeds;
mod error;
mod files;
mod fixtures;
mod hooks;
mod id;
mod items;
mod oauth;
mod redirect;
mod referenced;
mod search;
mod switches;
mod tasks;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, post};

use self::error::ApiError;
use crate::response;
use crate::state::State;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-podio-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
/// The rate limit that the headers report. As at Podio, it is another one than that which is enforced.
const RATE: u64 = 5000;

/// Podio as it behaves without scripted answers.
pub(crate) fn router(state: &Arc<State>) -> Router {
    let calls: Arc<AtomicU64> = Arc::default();
    let with_token = Router::new()
        .route("/user", get(fixtures::user))
        .route("/user/status", get(fixtures::user_status))
        .route("/oauth/scope", get(fixtures::scope))
        .route("/org/", get(apps::organizations))
        .route("/app/v2/", get(apps::of_user))
        .route("/app/space/{id}/", get(apps::of_space))
        .route("/app/{id}", get(apps::get))
        .route("/item/app/{id}/external_id/{external_id}", get(items::get_by_external_id))
        .route("/item/{id}", get(items::get).put(items::update).delete(items::delete))
        .route("/item/app/{id}", post(items::create))
        .route("/item/app/{id}/", post(items::create))
        .route("/item/app/{id}/filter", post(items::filter))
        .route("/item/app/{id}/filter/", post(items::filter))
        .route("/search/app/{id}/", post(search::in_app))
        .route("/search/app/{id}/v2", get(search::in_app_v2))
        .route("/search/app/{id}/v2/", get(search::in_app_v2))
        .route("/embed/", post(embeds::create))
        .route("/comment/{type}/{id}/", post(comments::create).get(comments::of_object))
        .route("/comment/{id}", get(comments::get).delete(comments::delete))
        .route("/task/", post(tasks::create))
        .route("/task/{type}/{id}/", post(tasks::create_on))
        .route("/task/{id}", get(tasks::get).delete(tasks::delete))
        .route("/task/{id}/complete", post(tasks::complete))
        .route("/task/{id}/incomplete", post(tasks::incomplete))
        .route("/hook/{type}/{id}/", post(hooks::create).get(hooks::of_object))
        .route("/hook/{id}", delete(hooks::delete))
        .route("/hook/{id}/verify/request", post(hooks::request))
        .route("/hook/{id}/verify/validate", post(hooks::validate))
        .route("/file/", post(files::upload))
        .route("/file/v2/", post(files::upload))
        .route("/file/{id}", get(files::get).delete(files::delete))
        .route("/file/{id}/raw", get(files::raw))
        .route("/file/{id}/attach", post(files::attach))
        .route_layer(from_fn_with_state(Arc::clone(state), authorization::require_token));
    Router::new()
        .route("/oauth/token", post(oauth::token_form))
        .route("/oauth/token/v2", post(oauth::token_json))
        .route("/oauth/authorize", get(oauth::authorize))
        .route("/redirect", get(redirect::redirect))
        .merge(with_token)
        .fallback(no_operation)
        .method_not_allowed_fallback(no_operation)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(calls, complete))
        .with_state(Arc::clone(state))
}

/// The response if only scripted answers are given and there is none for this call.
pub(crate) fn not_scripted() -> Response {
    response::json_bytes(StatusCode::NOT_FOUND, r#"{"error":"not_found","error_description":"no script"}"#)
}

/// Whether the rate limit does not count calls of this path.
pub(crate) fn is_unlimited(path: &str) -> bool {
    path.starts_with("/oauth/token")
}

/// Whether the call counts for the smaller rate limit: it creates, filters or searches items.
pub(crate) fn is_marked(method: &Method, path: &str) -> bool {
    let mut segments = path.trim_matches('/').split('/');
    match (segments.next(), segments.next(), segments.nth(1)) {
        (Some("item"), Some("app"), None | Some("filter")) => method == Method::POST,
        (Some("search"), ..) => true,
        _ => false,
    }
}

/// Whether calls of this path upload a file.
pub(crate) fn is_upload(path: &str) -> bool {
    ["/file/", "/file/v2/"].contains(&path)
}

/// The response beyond the rate limit.
pub(crate) fn rate_limited(method: &Method, uri: &Uri, seconds: u64) -> Response {
    ApiError::rate_limit(seconds).respond(method, uri, Response::default())
}

/// Adds the headers that all of Podio's answers have, and writes the body of an error, which repeats the request.
async fn complete(Shared(calls): Shared<Arc<AtomicU64>>, request: Request, next: Next) -> Response {
    let number = calls.fetch_add(1, Ordering::Relaxed);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let callers_id = request.headers().get(REQUEST_ID).cloned();
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        response = error.respond(&method, &uri, response);
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, callers_id.unwrap_or_else(|| request_id(number)));
    headers.insert(RATE_LIMIT, HeaderValue::from(RATE));
    headers.insert(RATE_REMAINING, HeaderValue::from(RATE - 1 - number % RATE));
    response
}

async fn no_operation() -> ApiError {
    ApiError::no_operation()
}

fn request_id(number: u64) -> HeaderValue {
    let id = format!("{:08x}", number & 0xffff_ffff);
    HeaderValue::from_str(&id).expect("hexadecimal digits are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creating_filtering_and_searching_count_for_the_smaller_limit() {
        let marked = |method: Method, path| is_marked(&method, path);
        for path in ["/item/app/7/", "/item/app/7", "/item/app/7/filter/", "/search/app/7/"] {
            assert!(marked(Method::POST, path), "{path}");
        }
        assert!(marked(Method::GET, "/search/app/7/v2"));
        for (method, path) in [
            (Method::GET, "/item/app/7/external_id/x"),
            (Method::PUT, "/item/7"),
            (Method::GET, "/item/app/7/"),
            (Method::POST, "/comment/item/7/"),
            (Method::GET, "/user"),
        ] {
            assert!(!marked(method, path), "{path}");
        }
    }
}
