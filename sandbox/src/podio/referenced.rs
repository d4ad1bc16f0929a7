//! The object that a path names by its type and id, `/comment/item/42/`.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::error::ApiError;
use crate::store::Reference;

/// The object in the path. Podio does not have an operation for a path with anything else in its place.
pub(super) struct Referenced(pub(super) Reference);

impl<S: Send + Sync> FromRequestParts<S> for Referenced {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::no_operation())?;
        let param = |name: &str| params.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        let id = param("id").and_then(|id| id.parse().ok());
        let reference = param("type").zip(id).and_then(|(kind, id)| Reference::read(kind, id));
        reference.map(Self).ok_or_else(ApiError::no_operation)
    }
}
