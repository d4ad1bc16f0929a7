//! The page on which a person sees what goes on and orders faults: static files that ask `/_sandbox/state`.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

/// Nothing but the sandbox's own files and calls: what the page shows came from outside.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; \
                      base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn router() -> Router {
    let file = |content_type, text| get(move || async move { file(content_type, text) });
    Router::new()
        .route("/_sandbox", get(|| async { Redirect::permanent("/_sandbox/") }))
        .route("/_sandbox/", file("text/html; charset=utf-8", include_str!("../page/page.html")))
        .route("/_sandbox/page.css", file("text/css; charset=utf-8", include_str!("../page/page.css")))
        .route("/_sandbox/page.js", file("text/javascript; charset=utf-8", include_str!("../page/page.js")))
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}
