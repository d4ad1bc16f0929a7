//! Who may call: a good access token, in a header `OAuth2 TOKEN` or `Bearer TOKEN`.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Failure;
use crate::state::State;

/// What Podio says in two headers of the answer to a bad token.
const EXPIRED: &str = r#"Bearer realm="podio", error="expired_token""#;

pub(super) async fn check(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    if state.only_answers {
        return next.run(request).await;
    }
    match token(request.headers()) {
        Err(failure) => failure.into_response(),
        Ok(token) if state.tokens.is_good(token) => next.run(request).await,
        Ok(_) => expired(),
    }
}

fn token(headers: &HeaderMap) -> Result<&str, Failure> {
    let missing = || Failure::new(StatusCode::UNAUTHORIZED, "unauthorized", "invalid_request");
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !["oauth2", "bearer"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(missing());
    }
    if token.is_empty() {
        let error = "Invalid authorization header";
        return Err(Failure::new(StatusCode::BAD_REQUEST, error, "The token is missing"));
    }
    Ok(token)
}

/// Podio answers so to every token that it does not take: expired, revoked or never issued.
fn expired() -> Response {
    let mut response = Failure::new(StatusCode::UNAUTHORIZED, "unauthorized", "expired_token").into_response();
    for name in [WWW_AUTHENTICATE, AUTHORIZATION] {
        response.headers_mut().insert(name, HeaderValue::from_static(EXPIRED));
    }
    response
}
