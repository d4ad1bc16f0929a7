//! A redirect to anywhere, for tests.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::error::ApiError;
use crate::response;

/// Where to redirect to, and with which 3xx status.
#[derive(Deserialize)]
pub(super) struct Redirect {
    to: String,
    #[serde(default = "found")]
    status: u16,
}

fn found() -> u16 {
    302
}

pub(super) async fn redirect(query: Result<Query<Redirect>, QueryRejection>) -> Result<Response, ApiError> {
    let invalid =
        || ApiError::invalid_value("`to` must be an address and `status`, which is optional, from 300 to 399");
    let Query(Redirect { to, status }) = query.map_err(|_| invalid())?;
    let status = StatusCode::from_u16(status).ok().filter(StatusCode::is_redirection).ok_or_else(invalid)?;
    response::redirect(status, &to).ok_or_else(invalid)
}
