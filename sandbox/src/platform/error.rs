//! The platform's error envelope.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::response;

/// An error as the platform reports it.
pub(super) fn error_response(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    response::json(status, &json!({"errors": [{"status": status.as_u16(), "title": title, "detail": detail}]}))
}
