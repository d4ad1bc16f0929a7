//! `/embed/`: links, which a field of an item can hold.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;

use super::body::object;
use super::error::ApiError;
use crate::response;
use crate::state::State;

pub(super) async fn create(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<Response, ApiError> {
    let body = object(&body)?;
    let url = body.get("url").and_then(Value::as_str);
    let embed = url.and_then(|url| state.records().embeds.add(url));
    let not_url = || ApiError::invalid_value("Invalid value (url): must be an address of the web");
    Ok(response::json(StatusCode::OK, &embed.ok_or_else(not_url)?))
}
