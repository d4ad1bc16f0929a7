//! Where a credential's tokens come from and how it is refreshed (protocol, sections 11.15 and 11.16): the platform's secret, or the
//! credential's own refresh token. That only one refresh is under way is [`super::Credential`]'s business.

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
    pub(super) profile: &'static Profile,
    /// The newest credential known here.
    pub(super) oauth: OAuth,
    /// The token endpoint, when client id and secret are set.
    pub(super) endpoint: Option<TokenEndpoint>,
    /// Where a new credential is stored.
    pub(super) store: Arc<dyn CredentialStore>,
}

impl TokenSource {
    /// The present token. Calls of the platform are cut short by `stop`.
    pub(super) async fn read(&self, stop: &Stop) -> Result<AccessToken, TokenError> {
        match self {
            Self::Secret { api, id } => secret_call(id, platform(api.as_ref())?.secret(id), stop).await,
            Self::Own(own) => own.access_token(),
        }
    }

    /// A token other than the `rejected` one. Calls of the platform are cut short by `stop`; a refresh grant that is
    /// under way ends and its tokens are stored, since the old refresh token may be spent.
    pub(super) async fn refresh(&mut self, rejected: &AccessToken, stop: &Stop) -> Result<AccessToken, TokenError> {
        match self {
            Self::Secret { api, id } => {
                let api = platform(api.as_ref())?;
                let present = secret_call(id, api.secret(id), stop).await?;
                if !present.same_as(rejected) {
                    return Ok(present);
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
        TokenError::NoWay(problem.to_owned())
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
            return Err(TokenError::NoWay("the credential holds no refresh token".to_owned()));
        };
        let Some(endpoint) = &self.endpoint else {
            let names = &self.profile.settings;
            return Err(TokenError::NoWay(format!(
                "{} and {} are not set, so this process cannot refresh it",
                names.client_id, names.client_secret
            )));
        };
        let fresh = match endpoint.refresh(&refresh_token, stop).await {
            Err(error) if error.is_transient() && stop.is_requested() => return Err(Stopped.into()),
            Err(error) if error.is_invalid_grant() => {
                // Another worker may have spent this refresh token and stored its successor.
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
