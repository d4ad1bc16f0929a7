//! Authorization: a valid access token, in a header `OAuth2 TOKEN` or `Bearer TOKEN`.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::state::State;

/// The value of two headers of the answer to an invalid token.
const EXPIRED: &str = r#"Bearer realm="podio", error="expired_token""#;

pub(super) async fn require_token(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    if state.only_answers {
        return next.run(request).await;
    }
    match token(request.headers()) {
        Err(error) => error.into_response(),
        Ok(token) if state.tokens.is_valid(token) => next.run(request).await,
        Ok(_) => expired_token(),
    }
}

fn token(headers: &HeaderMap) -> Result<&str, ApiError> {
    let missing = || ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", "invalid_request");
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !["oauth2", "bearer"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(missing());
    }
    if token.is_empty() {
        let error = "Invalid authorization header";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, error, "The token is missing"));
    }
    Ok(token)
}

/// Podio's answer to every token that it does not accept: expired, revoked or never issued.
fn expired_token() -> Response {
    let mut response = ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", "expired_token").into_response();
    for name in [WWW_AUTHENTICATE, AUTHORIZATION] {
        response.headers_mut().insert(name, HeaderValue::from_static(EXPIRED));
    }
    response
}
