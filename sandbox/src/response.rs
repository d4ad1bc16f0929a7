//! Responses with a JSON body, and responses without a body.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;

/// The content type of every JSON response.
pub(crate) const JSON_UTF8: &str = "application/json; charset=utf-8";

/// A value as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(value).expect("the sandbox's values have string keys and always serialize");
    json_bytes(status, bytes)
}

/// Bytes that are JSON already.
pub(crate) fn json_bytes(status: StatusCode, bytes: impl Into<Bytes>) -> Response {
    let mut response = empty(status);
    *response.body_mut() = Body::from(bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON_UTF8));
    response
}

/// A status without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A redirect to `location`; none if that cannot be a header value.
pub(crate) fn redirect(status: StatusCode, location: &str) -> Option<Response> {
    let location = HeaderValue::from_str(location).ok()?;
    let mut response = empty(status);
    response.headers_mut().insert(LOCATION, location);
    Some(response)
}
