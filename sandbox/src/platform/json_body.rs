//! A request body that must be JSON, whatever JSON it is.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;

use super::error::error_response;

/// The bytes of the body.
pub(super) struct JsonBody(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let not_json = || error_response(StatusCode::BAD_REQUEST, "the body is not JSON");
        let body = Bytes::from_request(request, state).await.map_err(|_| not_json())?;
        serde_json::from_slice::<Value>(&body).map_err(|_| not_json())?;
        Ok(Self(body))
    }
}
