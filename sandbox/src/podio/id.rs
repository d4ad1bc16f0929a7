//! The number in a path.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::error::ApiError;

/// The number in the path. Podio does not have an operation for a path with anything else in its place.
pub(super) struct Id(pub(super) u64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| ApiError::no_operation())?;
        let id = params.iter().next().and_then(|(_, id)| id.parse().ok());
        id.map(Self).ok_or_else(ApiError::no_operation)
    }
}
