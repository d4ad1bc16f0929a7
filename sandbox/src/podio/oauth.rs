//! The token endpoint in its two encodings, and the page on which a person would consent.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::{FormRejection, JsonRejection};
use axum::extract::{Query, State as Shared};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::{Form, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::ApiError;
use crate::response;
use crate::state::State;
use crate::store::{CLIENT_ID, CLIENT_SECRET};

/// The start of every authorization code; every code with this start is valid.
const CODE_PREFIX: &str = "code-";

type Params = HashMap<String, String>;

/// `POST /oauth/token` reads only a form: a JSON body counts as one without parameters.
pub(super) async fn token_form(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    form: Result<Form<Params>, FormRejection>,
) -> Result<Response, ApiError> {
    let mut params = form.map(|Form(params)| params).unwrap_or_default();
    if let Some((id, secret)) = basic_credentials(&headers) {
        params.entry("client_id".to_owned()).or_insert(id);
        params.entry("client_secret".to_owned()).or_insert(secret);
    }
    grant(&state, &params)
}

/// `POST /oauth/token/v2` reads only JSON.
pub(super) async fn token_json(
    Shared(state): Shared<Arc<State>>,
    json: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(object) = json.map_err(|_| ApiError::invalid_value("Invalid value null (null): must be object"))?;
    let text = |(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    };
    grant(&state, &object.into_iter().filter_map(text).collect())
}

/// `GET /oauth/authorize` consents without asking anybody.
pub(super) async fn authorize(Query(params): Query<Params>) -> Result<Response, ApiError> {
    if params.get("client_id").map(String::as_str) != Some(CLIENT_ID) {
        return Err(invalid_client("you've supplied an invalid client id"));
    }
    let redirect =
        params.get("redirect_uri").ok_or_else(|| ApiError::invalid_value("Missing parameter redirect_uri"))?;
    let separator = if redirect.contains('?') { '&' } else { '?' };
    let mut location = format!("{redirect}{separator}code={CODE_PREFIX}{}", Uuid::new_v4().simple());
    if let Some(state) = params.get("state") {
        location.push_str("&state=");
        location.extend(utf8_percent_encode(state, NON_ALPHANUMERIC));
    }
    let invalid = || ApiError::invalid_value("redirect_uri is not an address");
    response::redirect(StatusCode::FOUND, &location).ok_or_else(invalid)
}

fn grant(state: &State, params: &Params) -> Result<Response, ApiError> {
    let param = |name: &str| params.get(name).map(String::as_str);
    match (param("client_id"), param("client_secret")) {
        (None, _) => return Err(invalid_client("Missing parameter client_id")),
        (Some(CLIENT_ID), Some(CLIENT_SECRET)) => {}
        (Some(CLIENT_ID), None) => return Err(invalid_client("Missing parameter client_secret")),
        (Some(CLIENT_ID), Some(_)) => return Err(invalid_client("you've supplied an invalid client secret")),
        (Some(_), _) => return Err(invalid_client("you've supplied an invalid client id")),
    }
    let credential = match param("grant_type") {
        Some("refresh_token") => param("refresh_token").and_then(|token| state.tokens.refresh(token)),
        Some("authorization_code") => {
            param("code").filter(|code| code.starts_with(CODE_PREFIX)).map(|_| state.tokens.issue())
        }
        other => {
            let description =
                format!("Invalid value {:?} (grant_type): the sandbox does not have it", other.unwrap_or(""));
            return Err(ApiError::invalid_value(description));
        }
    };
    let invalid =
        || ApiError::new(StatusCode::BAD_REQUEST, "invalid_grant", "The grant is invalid, expired or revoked");
    Ok(response::json(StatusCode::OK, &credential.ok_or_else(invalid)?))
}

fn invalid_client(description: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_client", description)
}

/// Client id and secret from a `Basic` header, which the form endpoint also accepts.
fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    pair.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}
