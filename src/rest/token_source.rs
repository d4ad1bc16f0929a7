//! Reads and refreshes a credential's tokens (protocol, sections 11.15 and 11.16): through the platform's secret, or with
//! the credential's own refresh token. [`super::Credential`] ensures that only one refresh runs at a time.

use elasticio_runtime::{
    platform::api::{ApiError, PlatformApi, SecretCredentials},
    stop::Stop,
};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{
    access_token::{AccessToken, TokenError},
    own_credential::OwnCredential,
    retry::RetryFields,
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

    /// Stores the tokens of the last refresh, unless the platform keeps them.
    pub(super) async fn store(&mut self) {
        if let Self::Own(own) = self {
            own.store().await;
        }
    }

    /// The secrets that it holds itself.
    pub(super) fn secrets(&self) -> impl Iterator<Item = SecretString> {
        let own = match self {
            Self::Secret { .. } => None,
            Self::Own(own) => Some(own.secrets()),
        };
        own.into_iter().flatten()
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
    let credentials = stop.cut_short(call).await?.map_err(|error| {
        let text = format!("the credential's secret \"{id}\" cannot be used: {error}");
        if error.is_refusal() { TokenError::SecretRefused(text) } else { TokenError::Secret(text) }
    })?;
    let fields: Map<String, Value> =
        credentials.fields.and_then(|fields| serde_json::from_str(fields.get()).ok()).unwrap_or_default();
    AccessToken::new(credentials.access_token, RetryFields::read(&fields))
}
