//! Reads and refreshes a credential's tokens (protocol, sections 11.15, 11.16 and 11.20): through the platform's secret, or with
//! the credential's own refresh token. [`super::Credential`] ensures that only one refresh runs at a time.

use std::time::{Duration, SystemTime};

use elasticio_runtime::{
    platform::api::{ApiError, PlatformApi, SecretCredentials},
    stop::Stop,
};
use secrecy::SecretString;
use serde_json::{Map, Value, value::RawValue};

use super::{
    access_token::{AccessToken, TokenError},
    expiry::Expiry,
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
            Self::Secret { api, id } => {
                let stored = secret_call(id, platform(api.as_ref())?.secret(id), stop).await?;
                access_token(stored, Expiry::of_stored)
            }
            Self::Own(own) => own.read(),
        }
    }

    /// A token that another process has stored, if it can be had without a refresh. `known` are the tokens of this process.
    pub(super) async fn stored_by_another(
        &mut self,
        known: &[SecretString],
        stop: &Stop,
    ) -> Option<Result<AccessToken, TokenError>> {
        match self {
            // A refresh reads the secret first.
            Self::Secret { .. } => None,
            Self::Own(own) => own.stored_by_another(known, stop).await,
        }
    }

    /// Gets a token in place of `old`; `known` are the tokens of this process. A stop aborts calls to the platform. It does not abort a refresh grant that
    /// has been sent: the old refresh token may be spent, so the new one is received and stored.
    pub(super) async fn refresh(
        &mut self,
        old: &AccessToken,
        known: &[SecretString],
        stop: &Stop,
    ) -> Result<AccessToken, TokenError> {
        match self {
            Self::Secret { api, id } => {
                let api = platform(api.as_ref())?;
                let current = secret_call(id, api.secret(id), stop).await?;
                if !old.is(&current.access_token) {
                    return access_token(current, Expiry::of_new);
                }
                access_token(secret_call(id, api.refresh_secret(id), stop).await?, Expiry::of_new)
            }
            Self::Own(own) => own.refresh(known, stop).await,
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
) -> Result<SecretCredentials, TokenError> {
    stop.cut_short(call).await?.map_err(|error| {
        let text = format!("the credential's secret \"{id}\" cannot be used: {error}");
        if error.is_refusal() { TokenError::SecretRefused(text) } else { TokenError::Secret(text) }
    })
}

/// The token of a secret; `due` says when it should be refreshed.
fn access_token(
    credentials: SecretCredentials,
    due: impl Fn(Expiry, SystemTime, f64) -> Option<Duration>,
) -> Result<AccessToken, TokenError> {
    let value = |raw: Option<Box<RawValue>>| raw.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    let fields: Map<String, Value> =
        credentials.fields.and_then(|fields| serde_json::from_str(fields.get()).ok()).unwrap_or_default();
    let (at, lifetime) = (value(credentials.expires_at), value(credentials.expires_in));
    let expiry = Expiry::new(at.as_ref(), lifetime.as_ref());
    let now = SystemTime::now();
    let token =
        AccessToken::new(credentials.access_token, RetryFields::read(&fields), due(expiry, now, rand::random()))?;
    Ok(token.expiring(expiry.end(now)))
}
