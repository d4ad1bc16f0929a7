//! A credential that the step's config carries and this process refreshes (protocol, sections 11.16 and 11.17).

use std::{sync::Arc, time::Duration};

use elasticio_runtime::{
    platform::credential_store::CredentialStore,
    stop::{Stop, Stopped},
};
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

use super::{
    access_token::{AccessToken, TokenError},
    oauth::OAuth,
    profile::Profile,
    retry::RetryFields,
    token_endpoint::{RefreshError, TokenEndpoint},
};

/// The longest wait for another worker to store the tokens for which it has used the same refresh token.
const OTHER_REFRESH: Duration = Duration::from_secs(6);
/// The wait before the store is read a second time; doubles with every time.
const FIRST_REREAD: Duration = Duration::from_millis(100);

/// The credential, and what refreshes and stores it.
pub(super) struct OwnCredential {
    profile: &'static Profile,
    /// The newest known tokens.
    oauth: OAuth,
    /// The token endpoint, if client id and secret are set.
    endpoint: Option<TokenEndpoint>,
    /// Where a refreshed credential is stored.
    store: Arc<dyn CredentialStore>,
    /// Whether the tokens are newer than those in the store.
    unstored: bool,
}

impl OwnCredential {
    pub(super) fn new(
        profile: &'static Profile,
        oauth: OAuth,
        endpoint: Option<TokenEndpoint>,
        store: Arc<dyn CredentialStore>,
    ) -> Self {
        Self { profile, oauth, endpoint, store, unstored: false }
    }

    pub(super) fn access_token(&self) -> Result<AccessToken, TokenError> {
        AccessToken::new(self.oauth.access_token.clone(), RetryFields::default())
    }

    /// The tokens.
    pub(super) fn secrets(&self) -> impl Iterator<Item = SecretString> {
        [self.oauth.access_token.clone()].into_iter().chain(self.oauth.refresh_token.clone())
    }

    /// Exchanges the refresh token. [`Self::store`] stores the new tokens.
    pub(super) async fn refresh(&mut self, rejected: &AccessToken, stop: &Stop) -> Result<AccessToken, TokenError> {
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
                // Another worker may have used this refresh token.
                self.oauth = self.stored_by_another(rejected, stop).await?.ok_or_else(|| refused(error))?;
                return self.access_token();
            }
            answer => answer.map_err(refused)?,
        };
        let mut fields = self.oauth.fields.clone();
        fields.extend(fresh);
        self.oauth = OAuth::read(fields).ok_or_else(|| {
            TokenError::Refused(format!("{}'s token endpoint answered without an access token", self.profile.name))
        })?;
        self.unstored = true;
        self.access_token()
    }

    /// Stores the tokens of the last refresh.
    pub(super) async fn store(&mut self) {
        if !std::mem::take(&mut self.unstored) {
            return;
        }
        if let Err(problem) = self.store.save(&self.oauth.fields).await {
            tracing::error!(problem, "the refreshed credential could not be stored; this process goes on with it");
        }
    }

    /// Reads the store until it has another token than `rejected`: the worker that was faster stores its tokens only
    /// after its refresh. `None` if it does not within [`OTHER_REFRESH`].
    async fn stored_by_another(&self, rejected: &AccessToken, stop: &Stop) -> Result<Option<OAuth>, Stopped> {
        let deadline = Instant::now() + OTHER_REFRESH;
        let mut wait = FIRST_REREAD;
        loop {
            let stored = stop.cut_short(timeout_at(deadline, self.store.reload())).await?;
            let stored = stored.ok().flatten().and_then(OAuth::read);
            let newer = stored.filter(|stored| !rejected.is(&stored.access_token));
            if newer.is_some() || !self.store.is_shared() || Instant::now() + wait > deadline {
                return Ok(newer);
            }
            stop.sleep(wait).await?;
            wait *= 2;
        }
    }
}

fn refused(error: RefreshError) -> TokenError {
    match error {
        RefreshError::Limited(wait) => TokenError::Limited(wait),
        RefreshError::Unanswered { .. } => TokenError::Unavailable(error.to_string()),
        other => TokenError::Refused(other.to_string()),
    }
}
