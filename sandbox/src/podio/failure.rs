//! Podio's error envelope.

use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::reply;

/// An error as Podio tells it. It becomes a response in two steps, since the envelope repeats the request,
/// which handlers need not know: [`IntoResponse`] marks the response, [`Failure::respond`] fills it in.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into() }
    }

    pub(super) fn invalid_value(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_value", description)
    }

    /// The path or the method is none of Podio's.
    pub(super) fn no_operation() -> Self {
        let description = "No matching operation could be found. No body was given.";
        Self::new(StatusCode::NOT_FOUND, "not_found", description)
    }

    /// The object is not there.
    pub(super) fn no_object() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Object not found")
    }

    /// The envelope, with the headers that the marked response has.
    pub(super) fn respond(&self, method: &Method, uri: &Uri, marked: Response) -> Response {
        let envelope = json!({
            "error": self.error,
            "error_description": self.description,
            "error_detail": null,
            "error_parameters": {},
            "error_propagate": false,
            "request": {
                "url": uri.path(),
                "query_string": uri.query().unwrap_or_default(),
                "method": method.as_str(),
            },
        });
        let mut response = reply::json(self.status, &envelope);
        let headers: HeaderMap = marked.into_parts().0.headers;
        response.headers_mut().extend(headers);
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = reply::empty(self.status);
        response.extensions_mut().insert(self);
        response
    }
}
