//! Secrets: whatever its id, a secret holds the credential that was issued last.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::error::error_response;
use crate::response;
use crate::state::State;
use crate::store::Credential;

/// Workspace and id.
type SecretPath = Path<(String, String)>;

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Path((_, id)): SecretPath) -> Response {
    secret(&id, state.tokens.current())
}

/// Refreshes the credential, as a call to the token endpoint would.
pub(super) async fn refresh(Shared(state): Shared<Arc<State>>, Path((_, id)): SecretPath) -> Response {
    let refused = || error_response(StatusCode::BAD_REQUEST, "the credential could not be refreshed: invalid_grant");
    state.tokens.refresh_current().map_or_else(refused, |credential| secret(&id, credential))
}

fn secret(id: &str, credential: Credential) -> Response {
    #[derive(Serialize)]
    struct Credentials {
        #[serde(flatten)]
        credential: Credential,
        fields: Value,
    }
    let credentials = Credentials { credential, fields: json!({}) };
    let attributes = json!({"type": "oauth2", "credentials": credentials});
    response::json(StatusCode::OK, &json!({"data": {"id": id, "type": "secret", "attributes": attributes}}))
}
