//! Secrets: whatever its id, a secret holds the sandbox's present credential.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::failure;
use crate::reply;
use crate::state::State;
use crate::tokens::Credential;

type Address = Path<(String, String)>;

pub(super) async fn get(Shared(state): Shared<Arc<State>>, Path((_, id)): Address) -> Response {
    secret(&id, state.tokens.present())
}

/// Refreshes the credential as a call of the token endpoint would.
pub(super) async fn refresh(Shared(state): Shared<Arc<State>>, Path((_, id)): Address) -> Response {
    let refused = || failure(StatusCode::BAD_REQUEST, "the credential could not be refreshed: invalid_grant");
    state.tokens.refresh_present().map_or_else(refused, |credential| secret(&id, credential))
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
    reply::json(StatusCode::OK, &json!({"data": {"id": id, "type": "secret", "attributes": attributes}}))
}
