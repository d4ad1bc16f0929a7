//! Podio: its API, as far as the sandbox plays it, and its token endpoint.

mod auth;
mod failure;
mod files;
mod item_fields;
mod item_store;
mod items;
mod oauth;
mod people;
mod storage;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, RawPathParams, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};

pub(crate) use item_store::Items;
pub(crate) use storage::Files;

use crate::reply;
use crate::state::State;
use failure::Failure;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-podio-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
/// Calls that the rate-limit headers speak of. Nothing is limited by it; order 420s for that.
const RATE: u64 = 5000;

/// Podio as it behaves when nothing is ordered.
pub(crate) fn router(state: &Arc<State>) -> Router {
    let calls: Arc<AtomicU64> = Arc::default();
    let with_token = Router::new()
        .route("/user", get(people::user))
        .route("/user/status", get(people::user_status))
        .route("/org/", get(people::organizations))
        .route("/oauth/scope", get(people::scope))
        .route("/app/{id}", get(people::app))
        .route("/item/{id}", get(items::get).put(items::update).delete(items::delete))
        .route("/item/app/{id}", post(items::create))
        .route("/item/app/{id}/", post(items::create))
        .route("/item/app/{id}/filter", post(items::filter))
        .route("/item/app/{id}/filter/", post(items::filter))
        .route("/file/", post(files::upload))
        .route("/file/v2/", post(files::upload))
        .route("/file/{id}", get(files::get).delete(files::delete))
        .route("/file/{id}/raw", get(files::raw))
        .route_layer(from_fn_with_state(Arc::clone(state), auth::check));
    Router::new()
        .route("/oauth/token", post(oauth::token_form))
        .route("/oauth/token/v2", post(oauth::token_json))
        .route("/oauth/authorize", get(oauth::authorize))
        .route("/redirect", get(people::redirect))
        .merge(with_token)
        .fallback(no_operation)
        .method_not_allowed_fallback(no_operation)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(calls, label))
        .with_state(Arc::clone(state))
}

/// The answer where only ordered answers are given and none is ordered.
pub(crate) fn not_ordered() -> Response {
    reply::json_bytes(StatusCode::NOT_FOUND, r#"{"error":"not_found","error_description":"no script"}"#)
}

/// The headers that every answer of Podio has; and a failure's body, which repeats the request.
async fn label(Shared(calls): Shared<Arc<AtomicU64>>, request: Request, next: Next) -> Response {
    let number = calls.fetch_add(1, Ordering::Relaxed);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let chosen = request.headers().get(REQUEST_ID).cloned();
    let mut response = next.run(request).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = failure.respond(&method, &uri, response);
    }
    let headers = response.headers_mut();
    let id = chosen.unwrap_or_else(|| ascii(&format!("{:08x}", number & 0xffff_ffff)));
    headers.insert(REQUEST_ID, id);
    headers.insert(RATE_LIMIT, HeaderValue::from(RATE));
    headers.insert(RATE_REMAINING, HeaderValue::from(RATE - 1 - number % RATE));
    response
}

async fn no_operation() -> Failure {
    Failure::no_operation()
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("text made of visible ASCII")
}

/// The number in the path; Podio knows no operation with anything else in its place.
struct Id(u64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Failure::no_operation())?;
        let id = params.iter().next().and_then(|(_, id)| id.parse().ok());
        id.map(Self).ok_or_else(Failure::no_operation)
    }
}
