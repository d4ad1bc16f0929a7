//! The token endpoint, in its two encodings, and the page where a person would say yes.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::{FormRejection, JsonRejection};
use axum::extract::{Query, State as Shared};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::{Form, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Failure;
use crate::reply;
use crate::state::State;
use crate::tokens::{CLIENT_ID, CLIENT_SECRET};

/// Authorization codes start so; any that does is good.
const CODE_PREFIX: &str = "code-";

type Params = HashMap<String, String>;

/// `POST /oauth/token` reads a form only, so that to it JSON has no parameters.
pub(super) async fn token_form(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    form: Result<Form<Params>, FormRejection>,
) -> Result<Response, Failure> {
    let mut params = form.map(|Form(params)| params).unwrap_or_default();
    if let Some((id, secret)) = basic(&headers) {
        params.entry("client_id".to_owned()).or_insert(id);
        params.entry("client_secret".to_owned()).or_insert(secret);
    }
    grant(&state, &params)
}

/// `POST /oauth/token/v2` reads JSON only.
pub(super) async fn token_json(
    Shared(state): Shared<Arc<State>>,
    json: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<Response, Failure> {
    let Json(object) = json.map_err(|_| Failure::invalid_value("Invalid value null (null): must be object"))?;
    let text = |(name, value)| Some((name, if let Value::String(text) = value { text } else { return None }));
    grant(&state, &object.into_iter().filter_map(text).collect())
}

/// `GET /oauth/authorize`: nobody is asked, the answer is always yes.
pub(super) async fn authorize(Query(params): Query<Params>) -> Result<Response, Failure> {
    if params.get("client_id").map(String::as_str) != Some(CLIENT_ID) {
        return Err(invalid_client("you've supplied an invalid client id"));
    }
    let redirect =
        params.get("redirect_uri").ok_or_else(|| Failure::invalid_value("Missing parameter redirect_uri"))?;
    let mark = if redirect.contains('?') { '&' } else { '?' };
    let mut location = format!("{redirect}{mark}code={CODE_PREFIX}{}", Uuid::new_v4().simple());
    if let Some(state) = params.get("state") {
        location.push_str("&state=");
        location.extend(utf8_percent_encode(state, NON_ALPHANUMERIC));
    }
    let location =
        HeaderValue::from_str(&location).map_err(|_| Failure::invalid_value("redirect_uri is not an address"))?;
    let mut response = reply::empty(StatusCode::FOUND);
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

fn grant(state: &State, params: &Params) -> Result<Response, Failure> {
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
                format!("Invalid value {:?} (grant_type): not played by the sandbox", other.unwrap_or(""));
            return Err(Failure::invalid_value(description));
        }
    };
    let invalid = || Failure::new(StatusCode::BAD_REQUEST, "invalid_grant", "The grant is invalid, expired or revoked");
    Ok(reply::json(StatusCode::OK, &credential.ok_or_else(invalid)?))
}

fn invalid_client(description: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "invalid_client", description)
}

/// Client id and secret from a `Basic` header, which the form endpoint takes too.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    pair.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}
