//! `/search/app/…`: searches the texts of an app's items.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::body::object;
use super::error::ApiError;
use super::id::Id;
use crate::response;
use crate::state::State;
use crate::store::Search;

/// Results of a call that does not state a limit.
const DEFAULT_LIMIT: usize = 20;

type Result<T> = std::result::Result<T, ApiError>;
type Params = std::result::Result<Query<HashMap<String, String>>, QueryRejection>;

/// The documented search: what to search for is in the body, in which fields in the query. Answers with a list.
pub(super) async fn in_app(
    Shared(state): Shared<Arc<State>>,
    Id(app): Id,
    params: Params,
    body: Bytes,
) -> Result<Response> {
    let mut parameters = object(&body)?;
    let params = params.map(|Query(params)| params).unwrap_or_default();
    parameters.extend(params.into_iter().map(|(name, value)| (name, Value::String(value))));
    let (_, results) = search(&state, app, &parameters)?;
    Ok(response::json(StatusCode::OK, &results))
}

/// The second version: everything is in the query, and the answer is an object.
pub(super) async fn in_app_v2(Shared(state): Shared<Arc<State>>, Id(app): Id, params: Params) -> Result<Response> {
    let params = params.map(|Query(params)| params).unwrap_or_default();
    let parameters = params.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let (found, results) = search(&state, app, &parameters)?;
    Ok(response::json(StatusCode::OK, &json!({"results": results, "counts": {"item": found}})))
}

fn search(state: &State, app: u64, parameters: &Map<String, Value>) -> Result<(usize, Vec<Value>)> {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    let number = |name: &str, default| match parameters.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(stated) => {
            let number = stated.as_u64().or_else(|| stated.as_str()?.parse().ok());
            let number = number.and_then(|number| usize::try_from(number).ok());
            number.ok_or_else(|| ApiError::invalid_value(format!("Invalid value {stated} ({name}): must be integer")))
        }
    };
    let query = text("query").ok_or_else(|| ApiError::invalid_value("Missing parameter query"))?;
    let fields = text("search_fields").unwrap_or_default();
    let search = Search {
        query,
        limit: number("limit", DEFAULT_LIMIT)?,
        offset: number("offset", 0)?,
        fields: fields.split([',', ';']).map(str::trim).filter(|name| !name.is_empty()).collect(),
    };
    let is_item = text("ref_type").is_none_or(|kind| kind == "item");
    let found = state.records().search_items(app, &search)?;
    Ok(if is_item { found } else { (0, Vec::new()) })
}
