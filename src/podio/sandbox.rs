//! Settings for the project's sandbox, which stands in for Podio and the platform.

use std::time::Duration;

use anyhow::{Context, Result};
use elasticio_runtime::{
    http::{Client, body},
    settings::variables::{OBJECT_STORAGE_TOKEN, OBJECT_STORAGE_URI},
};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::variables as v;
use crate::USER_AGENT;

/// Longest wait for the sandbox's answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// The addresses of its listeners, and a credential.
#[derive(Deserialize)]
struct State {
    podio: Url,
    platform: Url,
    credential: Credential,
}

/// The credential that it issued last.
#[derive(Deserialize)]
struct Credential {
    access_token: String,
    refresh_token: String,
}

/// The settings that point everything at the sandbox, one of whose listeners is at `url`. They hold only its own
/// credential, which is no secret.
///
/// # Errors
/// When no sandbox answers there.
pub(crate) async fn settings(url: &Url) -> Result<Vec<(&'static str, String)>> {
    let state = state(url).await.with_context(|| {
        format!(
            "--sandbox {url}: no sandbox answers there; start one with: make programs && target/debug/podio-sandbox"
        )
    })?;
    let podio = |path: &str| format!("{}{path}", state.podio.as_str().trim_end_matches('/'));
    Ok(vec![
        (v::PODIO_API_URL.name, podio("")),
        (v::PODIO_TOKEN_URL.name, podio("/oauth/token")),
        (v::PODIO_AUTHORIZE_URL.name, podio("/oauth/authorize")),
        (v::PODIO_CLIENT_ID.name, "sandbox-client".to_owned()),
        (v::PODIO_CLIENT_SECRET.name, "sandbox-secret".to_owned()),
        (v::PODIO_ACCESS_TOKEN.name, state.credential.access_token),
        (v::PODIO_REFRESH_TOKEN.name, state.credential.refresh_token),
        (OBJECT_STORAGE_URI.name, state.platform.to_string()),
        (OBJECT_STORAGE_TOKEN.name, "sandbox".to_owned()),
    ])
}

async fn state(url: &Url) -> Result<State> {
    let http = Client::new(USER_AGENT)?;
    let deadline = Instant::now() + TIMEOUT;
    let answer = http.send(http.get(url.join("/_sandbox/state")?), deadline).await?;
    let bytes = body::read(answer, MAX_ANSWER, deadline).await.map_err(|error| anyhow::anyhow!("{error}"))?;
    serde_json::from_slice(&bytes).context("the answer is not a sandbox's")
}
