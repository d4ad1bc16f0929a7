//! Where a credential's tokens come from and how new ones are got (contract, section 11): the platform's secret, or
//! the credential's own refresh token. One call at a time is the credential's business, not this module's.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    config::{OAuth, RetryFields},
    token_endpoint::{TokenEndpoint, TokenError},
};
use crate::platform::api::{ApiError, PlatformApi, SecretCredentials};

/// What a request is sent with.
#[derive(Debug)]
pub(super) struct Grant {
    token: SecretString,
    /// The header that carries the token, marked so that no library prints it.
    pub(super) authorization: HeaderValue,
    /// `retries` and `retriesDelay` that came with it.
    pub(super) retry: RetryFields,
}

impl Grant {
    /// A token that a header can hold.
    fn new(token: SecretString, retry: RetryFields) -> Result<Self, RenewError> {
        if token.expose_secret().is_empty() {
            return Err(RenewError::NoWay("the credential's access token is empty"));
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_| {
            RenewError::NoWay("the credential's access token has characters that no HTTP header can hold")
        })?;
        authorization.set_sensitive(true);
        Ok(Self { token, authorization, retry })
    }
}

/// Why there is no usable token. Never holds one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RenewError {
    /// The platform did not give the secret.
    #[error("{0}")]
    Secret(String),
    /// There is nothing to get a new token with, or it is none that a request can carry.
    #[error("{0}")]
    NoWay(&'static str),
    /// Podio refused the refresh token or the client.
    #[error("{0}")]
    Refused(String),
    /// The token endpoint is rate-limited for this long.
    #[error("Podio's token endpoint is rate-limited for {} s", .0.as_secs())]
    Limited(Duration),
    /// The worker stops before there was one.
    #[error("the worker stops")]
    Stopped,
}

/// Where an own credential is kept between runs.
pub trait CredentialStore: Send + Sync {
    /// Stores a renewed credential, before its access token is used.
    ///
    /// # Errors
    /// A text that says what to do.
    fn save<'a>(&'a self, oauth: &'a Map<String, Value>) -> BoxFuture<'a, Result<(), String>>;

    /// Reads it again: another process may have renewed it meanwhile. `None` when there is nothing to read.
    fn reload(&self) -> BoxFuture<'_, Option<OAuth>>;
}

/// For a credential that came from nowhere it could be stored: the environment.
#[derive(Clone, Copy, Debug)]
pub struct NoStore;

impl CredentialStore for NoStore {
    fn save<'a>(&'a self, _: &'a Map<String, Value>) -> BoxFuture<'a, Result<(), String>> {
        let problem = "it came from the environment; use --credential FILE to keep a renewed one";
        Box::pin(std::future::ready(Err(problem.to_owned())))
    }

    fn reload(&self) -> BoxFuture<'_, Option<OAuth>> {
        Box::pin(std::future::ready(None))
    }
}

/// Where tokens come from.
pub(super) enum TokenSource {
    /// The platform keeps the credential and refreshes it.
    Secret {
        /// The platform's API; without one the secret is out of reach.
        api: Option<PlatformApi>,
        /// `config.secretId`
        id: String,
    },
    /// The credential lies in the step's config and refreshes itself.
    Own(Box<OwnCredential>),
}

/// A credential that refreshes itself.
pub(super) struct OwnCredential {
    /// The newest credential known here.
    pub(super) oauth: Mutex<OAuth>,
    /// The token endpoint, when client id and secret are set.
    pub(super) endpoint: Option<TokenEndpoint>,
    /// Where a new credential is stored.
    pub(super) store: Arc<dyn CredentialStore>,
}

impl TokenSource {
    /// The present token. Calls of the platform are cut short by `stop`.
    pub(super) async fn read(&self, stop: &CancellationToken) -> Result<Grant, RenewError> {
        match self {
            Self::Secret { api, id } => secret_call(id, platform(api.as_ref())?.secret(id), stop).await,
            Self::Own(own) => own_grant(&*own.oauth.lock().await),
        }
    }

    /// A token other than the `rejected` one. Calls of the platform are cut short by `stop`; a refresh grant that is
    /// under way ends and its tokens are stored, since the old refresh token may be spent.
    pub(super) async fn renew(&self, rejected: &Grant, stop: &CancellationToken) -> Result<Grant, RenewError> {
        match self {
            Self::Secret { api, id } => {
                let api = platform(api.as_ref())?;
                let present = secret_call(id, api.secret(id), stop).await?;
                if present.token.expose_secret() != rejected.token.expose_secret() {
                    return Ok(present);
                }
                secret_call(id, api.refresh_secret(id), stop).await
            }
            Self::Own(own) => own.renew(&rejected.token, stop).await,
        }
    }
}

fn platform(api: Option<&PlatformApi>) -> Result<&PlatformApi, RenewError> {
    api.ok_or(RenewError::NoWay(
        "the credential names a secretId, which only the platform's API can read: set the platform's variables",
    ))
}

async fn secret_call(
    id: &str,
    call: impl Future<Output = Result<SecretCredentials, ApiError>>,
    stop: &CancellationToken,
) -> Result<Grant, RenewError> {
    let credentials = stop
        .run_until_cancelled(call)
        .await
        .ok_or(RenewError::Stopped)?
        .map_err(|error| RenewError::Secret(format!("the credential's secret \"{id}\" cannot be used: {error}")))?;
    let fields: Map<String, Value> =
        credentials.fields.and_then(|fields| serde_json::from_str(fields.get()).ok()).unwrap_or_default();
    Grant::new(credentials.access_token, RetryFields::read(&fields))
}

fn own_grant(oauth: &OAuth) -> Result<Grant, RenewError> {
    Grant::new(oauth.access_token.clone(), RetryFields::default())
}

impl OwnCredential {
    async fn renew(&self, rejected: &SecretString, stop: &CancellationToken) -> Result<Grant, RenewError> {
        let mut oauth = self.oauth.lock().await;
        let Some(refresh_token) = oauth.refresh_token.clone() else {
            return Err(RenewError::NoWay("the credential holds no refresh token"));
        };
        let Some(endpoint) = &self.endpoint else {
            return Err(RenewError::NoWay(
                "PODIO_CLIENT_ID and PODIO_CLIENT_SECRET are not set, so this process cannot refresh it",
            ));
        };
        let fresh = match endpoint.refresh(&refresh_token, stop).await {
            Err(error) if error.is_transient() && stop.is_cancelled() => return Err(RenewError::Stopped),
            Err(error) if error.is_invalid_grant() => {
                // Another worker may have spent this refresh token and stored its successor.
                let stored = stop.run_until_cancelled(self.store.reload()).await.ok_or(RenewError::Stopped)?;
                let newer = stored.filter(|stored| stored.access_token.expose_secret() != rejected.expose_secret());
                let Some(newer) = newer else { return Err(refused(error)) };
                *oauth = newer;
                return own_grant(&oauth);
            }
            answer => answer.map_err(refused)?,
        };
        let mut fields = oauth.fields.clone();
        fields.extend(fresh);
        *oauth = OAuth::read(fields)
            .ok_or_else(|| RenewError::Refused("Podio's token endpoint answered without an access token".to_owned()))?;
        if let Err(problem) = self.store.save(&oauth.fields).await {
            tracing::error!(problem, "the renewed credential could not be stored; this process goes on with it");
        }
        own_grant(&oauth)
    }
}

fn refused(error: TokenError) -> RenewError {
    match error {
        TokenError::Limited(wait) => RenewError::Limited(wait),
        other => RenewError::Refused(other.to_string()),
    }
}
