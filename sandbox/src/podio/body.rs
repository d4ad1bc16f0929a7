//! Request bodies that must be JSON objects.

use serde_json::{Map, Value};

use super::error::ApiError;

/// The object in a body. Podio does not have an operation for a call without its body.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.is_empty() {
        return Err(ApiError::no_operation());
    }
    let not_object = |_| ApiError::invalid_value("Invalid value: must be object");
    serde_json::from_slice(body).map_err(not_object)
}
