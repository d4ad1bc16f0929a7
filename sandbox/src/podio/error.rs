//! Podio's error envelope.

use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::response;
use crate::store::{NoAccess, Refusal};

/// An error as Podio reports it. It becomes a response in two steps, because the envelope repeats the request, which
/// handlers need not know: [`IntoResponse`] attaches the error to an empty response, [`ApiError::respond`] writes the body.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into() }
    }

    pub(super) fn invalid_value(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_value", description)
    }

    /// Podio does not have this path or method.
    pub(super) fn no_operation() -> Self {
        let description = "No matching operation could be found. No body was given.";
        Self::new(StatusCode::NOT_FOUND, "not_found", description)
    }

    /// Podio does not have this object.
    pub(super) fn no_object() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Object not found")
    }

    /// There were too many calls.
    pub(super) fn rate_limit(seconds: u64) -> Self {
        let status = StatusCode::from_u16(420).expect("a status");
        let description = format!("You have hit the rate limit. Please wait {seconds} seconds before trying again");
        Self::new(status, "rate_limit", description)
    }

    /// The whole response: the envelope, with the headers of the response that the error was attached to.
    pub(super) fn respond(&self, method: &Method, uri: &Uri, empty: Response) -> Response {
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
        let mut response = response::json(self.status, &envelope);
        let headers: HeaderMap = empty.into_parts().0.headers;
        response.headers_mut().extend(headers);
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = response::empty(self.status);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<NoAccess> for ApiError {
    fn from(error: NoAccess) -> Self {
        match error {
            NoAccess::Absent => Self::no_object(),
            NoAccess::Forbidden => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", "The user does not have access to this object")
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Access(error) => error.into(),
            Refusal::Deleted => Self::new(StatusCode::GONE, "gone", "Item has been deleted"),
            Refusal::Conflict { revision } => {
                let description = format!("The item has changed: its revision is {revision}");
                Self::new(StatusCode::CONFLICT, "conflict", description)
            }
            Refusal::Invalid(description) => Self::invalid_value(description),
        }
    }
}
