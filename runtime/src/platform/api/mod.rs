//! The platform's REST API (protocol, sections 2.4, 2.6, 6.10 and 7.1 to 7.7): step data, secrets, accounts. Uses basic
//! authentication; a 5xx or a network error is retried.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use reqwest::{Method, StatusCode, Url, header::CONTENT_TYPE};
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::step_data::{StepData, StepDataError};
use crate::{
    http,
    telemetry::{HttpCall, path_template},
};

mod error;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;
mod secret;
mod settings;

pub use error::ApiError;
pub use secret::SecretCredentials;
pub(crate) use settings::ApiSettings;

use secret::SecretAnswer;

/// Longest wait for one answer of the platform.
pub(crate) const PLATFORM_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer of the platform that is read, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// The words of its paths; everything else in them is an id.
const ROUTE_WORDS: &[&str] = &[
    "accounts",
    "data",
    "hooks",
    "refresh",
    "sailor-support",
    "secrets",
    "startup",
    "steps",
    "task",
    "tasks",
    "v1",
    "v2",
    "workspaces",
];

/// Client of the platform's REST API. A call fails with the [`ApiError`] of its last attempt.
#[derive(Clone, Debug)]
pub struct PlatformApi {
    http: http::Client,
    settings: ApiSettings,
}

impl PlatformApi {
    /// A client that sends its requests with `http`.
    #[must_use]
    pub(crate) fn new(http: http::Client, settings: ApiSettings) -> Self {
        Self { http, settings }
    }

    /// `GET /v1/tasks/{flow}/steps/{step}`: returns the step's data.
    pub(crate) async fn step_data(&self, flow_id: &str, step_id: &str) -> Result<StepData, ApiError> {
        self.read_step_data(flow_id, step_id, Ok).await
    }

    /// The same; fails if the data has no config.
    pub(crate) async fn step_data_with_config(&self, flow_id: &str, step_id: &str) -> Result<StepData, ApiError> {
        self.read_step_data(flow_id, step_id, StepData::with_its_config).await
    }

    async fn read_step_data(
        &self,
        flow_id: &str,
        step_id: &str,
        check: impl FnOnce(StepData) -> Result<StepData, StepDataError>,
    ) -> Result<StepData, ApiError> {
        let path = ["v1", "tasks", flow_id, "steps", step_id];
        let answer = self.call(Method::GET, &path, None).await?;
        let data = StepData::read(&answer).and_then(check);
        data.map_err(|problem| ApiError::StepData { address: self.url(&path), problem })
    }

    /// `GET /v2/workspaces/{workspace}/secrets/{id}`: returns the secret's credentials.
    pub async fn secret(&self, id: &str) -> Result<SecretCredentials, ApiError> {
        self.credentials(Method::GET, &["v2", "workspaces", &self.settings.workspace_id, "secrets", id]).await
    }

    /// `POST /v2/workspaces/{workspace}/secrets/{id}/refresh`: the platform refreshes the token and returns the new
    /// credentials.
    pub async fn refresh_secret(&self, id: &str) -> Result<SecretCredentials, ApiError> {
        self.credentials(Method::POST, &["v2", "workspaces", &self.settings.workspace_id, "secrets", id, "refresh"])
            .await
    }

    /// `PUT /v1/accounts/{id}` with `{ "keys": keys }`: stores a credential's new keys.
    pub(crate) async fn update_account(&self, id: &str, keys: &RawValue) -> Result<(), ApiError> {
        let body = format!("{{\"keys\":{}}}", keys.get());
        self.call(Method::PUT, &["v1", "accounts", id], Some(body)).await?;
        Ok(())
    }

    /// `POST /sailor-support/hooks/task/{flow}/startup/data`: stores the result of the startup hook. Existing data, for
    /// which the platform answers 409, is replaced.
    pub(crate) async fn store_startup_data(&self, flow_id: &str, data: &RawValue) -> Result<(), ApiError> {
        let path = ["sailor-support", "hooks", "task", flow_id, "startup", "data"];
        let create = || self.call(Method::POST, &path, Some(data.get().to_owned()));
        match create().await {
            Err(ApiError::Status { status: StatusCode::CONFLICT, .. }) => {
                tracing::info!("startup data of an earlier start is replaced");
                self.delete_startup_data(flow_id).await?;
                create().await?;
            }
            outcome => {
                outcome?;
            }
        }
        Ok(())
    }

    /// `GET` of the same: returns what is stored.
    pub(crate) async fn startup_data(&self, flow_id: &str) -> Result<Vec<u8>, ApiError> {
        self.call(Method::GET, &["sailor-support", "hooks", "task", flow_id, "startup", "data"], None).await
    }

    /// `DELETE` of the same.
    pub(crate) async fn delete_startup_data(&self, flow_id: &str) -> Result<(), ApiError> {
        let path = ["sailor-support", "hooks", "task", flow_id, "startup", "data"];
        self.call(Method::DELETE, &path, None).await?;
        Ok(())
    }

    async fn credentials(&self, method: Method, path: &[&str]) -> Result<SecretCredentials, ApiError> {
        let answer: SecretAnswer = self.read(method, path, "data.attributes.credentials.access_token").await?;
        Ok(answer.data.attributes.credentials)
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        wanted: &'static str,
    ) -> Result<T, ApiError> {
        let call = call_name(&method, path);
        let body = self.call(method, path, None).await?;
        serde_json::from_slice(&body).map_err(|_| ApiError::Malformed { call, wanted })
    }

    async fn call(&self, method: Method, path: &[&str], body: Option<String>) -> Result<Vec<u8>, ApiError> {
        let call = call_name(&method, path);
        let backoff = ConstantBuilder::default()
            .with_delay(self.settings.delay)
            .with_max_times(self.settings.attempts.saturating_sub(1));
        (|| self.attempt(&call, method.clone(), path, body.clone()))
            .retry(backoff)
            .when(ApiError::is_transient)
            .notify(
                |error, wait| tracing::warn!(%error, wait_s = wait.as_secs_f64(), "trying the platform's API again"),
            )
            .await
    }

    async fn attempt(
        &self,
        call: &str,
        method: Method,
        path: &[&str],
        body: Option<String>,
    ) -> Result<Vec<u8>, ApiError> {
        let reads = method == Method::GET;
        let mut request = self
            .http
            .request(method, self.url(path))
            .basic_auth(&self.settings.username, Some(self.settings.key.expose_secret()));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let deadline = Instant::now() + PLATFORM_TIMEOUT;
        let counted = HttpCall::begin("platform", call.split(' ').next().unwrap_or_default(), 0, || {
            path_template(&format!("/{}", path.join("/")), ROUTE_WORDS)
        });
        let answer = match self.http.send(request, deadline).await {
            Ok(answer) => answer,
            Err(error) => {
                counted.failed(error.kind());
                return Err(ApiError::unanswered(call, &error));
            }
        };
        counted.answered(answer.status().as_u16());
        let origin = answer.url().origin();
        if !reads && origin != self.settings.uri.origin() {
            // Whoever answers there has not seen what was to be stored.
            let reason = format!("it redirected to {}, another origin", origin.ascii_serialization());
            return Err(ApiError::Refused { call: call.to_owned(), reason });
        }
        let status = answer.status();
        let body = http::body::read(answer, MAX_ANSWER, deadline)
            .await
            .map_err(|error| ApiError::Network { call: call.to_owned(), reason: error.to_string() })?;
        if status.is_success() {
            return Ok(body.into());
        }
        Err(ApiError::Status { call: call.to_owned(), status, body: error::quoted(&body) })
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.settings.uri.clone();
        url.path_segments_mut()
            .expect("settings accept http and https addresses only, which have paths")
            .pop_if_empty()
            .extend(path);
        url
    }
}

fn call_name(method: &Method, path: &[&str]) -> String {
    format!("{method} /{}", path.join("/"))
}
