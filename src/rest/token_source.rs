//! Reads and refreshes a credential's tokens (protocol, sections 11.15 and 11.16): through the platform's secret, or with
//! the credential's own refresh token. [`super::Credential`] ensures that only one refresh runs at a time.

use std::sync::Arc;

use elasticio_runtime::{
    platform::{
        api::{ApiError, PlatformApi, SecretCredentials},
        credential_store::CredentialStore,
    },
    stop::{Stop, Stopped},
};
use serde_json::{Map, Value};

use super::{
    access_token::{AccessToken, TokenError},
    oauth::OAuth,
    profile::Profile,
    retry::RetryFields,
    token_endpoint::{RefreshError, TokenEndpoint},
};

/// The source of tokens.
pub(super) enum TokenSource {
    /// The platform keeps the credential and refreshes it.
    Secret {
        /// The platform's API; without it the secret cannot be read.
        api: Option<PlatformApi>,
        /// `config.secretId`
        id: String,
    },
    /// The credential is in the step's config, and this process refreshes it.
    Own(Box<OwnCredential>),
}

/// A credential that this process refreshes.
pub(super) struct OwnCredential {
    pub(super) profile: &'static Profile,
    /// The newest known tokens.
    pub(super) oauth: OAuth,
    /// The token endpoint, if client id and secret are set.
    pub(super) endpoint: Option<TokenEndpoint>,
    /// Where a refreshed credential is stored.
    pub(super) store: Arc<dyn CredentialStore>,
}

impl TokenSource {
    /// Reads the current token. A stop aborts calls to the platform.
    pub(super) async fn read(&self, stop: &Stop) -> Result<AccessToken, TokenError> {
        match self {
            Self::Secret { api, id } => secret_call(id, platform(api.as_ref())?.secret(id), stop).await,
            Self::Own(own) => own.access_token(),
        }
    }

    /// Gets a token other than `rejected`. A stop aborts calls to the platform. It does not abort a refresh grant that
    /// has been sent: the old refresh token may be spent, so the new one is received and stored.
    pub(super) async fn refresh(&mut self, rejected: &AccessToken, stop: &Stop) -> Result<AccessToken, TokenError> {
        match self {
            Self::Secret { api, id } => {
                let api = platform(api.as_ref())?;
                let current = secret_call(id, api.secret(id), stop).await?;
                if !current.same_as(rejected) {
                    return Ok(current);
                }
                secret_call(id, api.refresh_secret(id), stop).await
            }
            Self::Own(own) => own.refresh(rejected, stop).await,
        }
    }
}

fn platform(api: Option<&PlatformApi>) -> Result<&PlatformApi, TokenError> {
    api.ok_or_else(|| {
        let problem =
            "the credential names a secretId, which only the platform's API can read: set the platform's variables";
        TokenError::Unavailable(problem.to_owned())
    })
}

async fn secret_call(
    id: &str,
    call: impl Future<Output = Result<SecretCredentials, ApiError>>,
    stop: &Stop,
) -> Result<AccessToken, TokenError> {
    let credentials = stop
        .cut_short(call)
        .await?
        .map_err(|error| TokenError::Secret(format!("the credential's secret \"{id}\" cannot be used: {error}")))?;
    let fields: Map<String, Value> =
        credentials.fields.and_then(|fields| serde_json::from_str(fields.get()).ok()).unwrap_or_default();
    AccessToken::new(credentials.access_token, RetryFields::read(&fields))
}

impl OwnCredential {
    fn access_token(&self) -> Result<AccessToken, TokenError> {
        AccessToken::new(self.oauth.access_token.clone(), RetryFields::default())
    }

    async fn refresh(&mut self, rejected: &AccessToken, stop: &Stop) -> Result<AccessToken, TokenError> {
        let Some(refresh_token) = self.oauth.refresh_token.clone() else {
            return Err(TokenError::Unavailable("the credential holds no refresh token".to_owned()));
        };
        let Some(endpoint) = &self.endpoint else {
            let names = &self.profile.settings;
            return Err(TokenError::Unavailable(format!(
                "{} and {} are not set, so this process cannot refresh it",
                names.client_id, names.client_secret
            )));
        };
        let fresh = match endpoint.refresh(&refresh_token, stop).await {
            Err(error) if error.is_transient() && stop.is_requested() => return Err(Stopped.into()),
            Err(error) if error.is_invalid_grant() => {
                // Another worker may have used this refresh token and stored the new one.
                let stored = stop.cut_short(self.store.reload()).await?.and_then(OAuth::read);
                let newer = stored.filter(|stored| !rejected.is(&stored.access_token));
                self.oauth = newer.ok_or_else(|| refused(error))?;
                return self.access_token();
            }
            answer => answer.map_err(refused)?,
        };
        let mut fields = self.oauth.fields.clone();
        fields.extend(fresh);
        self.oauth = OAuth::read(fields).ok_or_else(|| {
            TokenError::Refused(format!("{}'s token endpoint answered without an access token", self.profile.name))
        })?;
        if let Err(problem) = self.store.save(&self.oauth.fields).await {
            tracing::error!(problem, "the refreshed credential could not be stored; this process goes on with it");
        }
        self.access_token()
    }
}

fn refused(error: RefreshError) -> TokenError {
    match error {
        RefreshError::Limited(wait) => TokenError::Limited(wait),
        other => TokenError::Refused(other.to_string()),
    }
}
