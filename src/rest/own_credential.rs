//! A credential that the step's config carries and this process refreshes (protocol, sections 11.16, 11.17 and 11.20).

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use elasticio_runtime::{
    platform::credential_store::CredentialStore,
    stop::{Stop, Stopped},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};

use super::{
    access_token::{AccessToken, TokenError},
    events::CredentialUnstored,
    expiry::Expiry,
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

    /// The token that the step's config carries.
    pub(super) fn read(&self) -> Result<AccessToken, TokenError> {
        self.access_token(Expiry::of(&self.oauth.fields), Expiry::of_stored)
    }

    /// The current token; `due` says when it should be refreshed, if this process can do that.
    fn access_token(
        &self,
        expiry: Expiry,
        due: impl Fn(Expiry, SystemTime, f64) -> Option<Duration>,
    ) -> Result<AccessToken, TokenError> {
        let refreshable = self.endpoint.is_some() && self.oauth.refresh_token.is_some();
        let now = SystemTime::now();
        let due_in = due(expiry, now, rand::random()).filter(|_| refreshable);
        let token = AccessToken::new(self.oauth.access_token.clone(), RetryFields::default(), due_in)?;
        Ok(token.expiring(expiry.end(now)))
    }

    /// The tokens.
    pub(super) fn secrets(&self) -> impl Iterator<Item = SecretString> {
        [self.oauth.access_token.clone()].into_iter().chain(self.oauth.refresh_token.clone())
    }

    /// Exchanges the refresh token. [`Self::store`] stores the new tokens. `known` are the tokens of this process.
    pub(super) async fn refresh(&mut self, known: &[SecretString], stop: &Stop) -> Result<AccessToken, TokenError> {
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
                let stored = self.wait_for_another(known, stop).await?.ok_or_else(|| refused(error))?;
                return self.adopt(stored);
            }
            answer => answer.map_err(refused)?,
        };
        let (expiry, now) = (Expiry::of(&fresh), SystemTime::now());
        let mut fields = self.oauth.fields.clone();
        fields.extend(fresh);
        expiry.write(&mut fields, now);
        self.oauth = OAuth::read(fields).ok_or_else(|| {
            TokenError::Refused(format!("{}'s token endpoint answered without an access token", self.profile.name))
        })?;
        self.unstored = true;
        self.access_token(expiry, Expiry::of_new)
    }

    /// Takes the tokens that another process has stored meanwhile, if it has. `known` are the tokens of this process.
    pub(super) async fn stored_by_another(
        &mut self,
        known: &[SecretString],
        stop: &Stop,
    ) -> Option<Result<AccessToken, TokenError>> {
        if !self.store.is_shared() {
            return None;
        }
        let stored = stop.cut_short(self.reload(known)).await.ok()??;
        Some(self.adopt(stored))
    }

    fn adopt(&mut self, stored: OAuth) -> Result<AccessToken, TokenError> {
        self.oauth = stored;
        self.access_token(Expiry::of(&self.oauth.fields), Expiry::of_new)
    }

    /// Stores the tokens of the last refresh.
    pub(super) async fn store(&mut self) {
        if !std::mem::take(&mut self.unstored) {
            return;
        }
        if let Err(problem) = self.store.save(&self.oauth.fields).await {
            CredentialUnstored { problem: &problem }.emit();
        }
    }

    /// Reads the store until it has another token than the `known` ones: the worker that was faster stores its tokens only
    /// after its refresh. `None` if it does not within [`OTHER_REFRESH`].
    async fn wait_for_another(&self, known: &[SecretString], stop: &Stop) -> Result<Option<OAuth>, Stopped> {
        let deadline = Instant::now() + OTHER_REFRESH;
        let mut wait = FIRST_REREAD;
        loop {
            let newer = stop.cut_short(timeout_at(deadline, self.reload(known))).await?.ok().flatten();
            if newer.is_some() || !self.store.is_shared() || Instant::now() + wait > deadline {
                return Ok(newer);
            }
            stop.sleep(wait).await?;
            wait *= 2;
        }
    }

    /// The stored credential, if its token is not among the `known` ones. The store may still have an older token than
    /// this process, if it cannot be written.
    async fn reload(&self, known: &[SecretString]) -> Option<OAuth> {
        let stored = OAuth::read(self.store.reload().await?)?;
        let is_known = known.iter().any(|known| known.expose_secret() == stored.access_token.expose_secret());
        (!is_known).then_some(stored)
    }
}

fn refused(error: RefreshError) -> TokenError {
    match error {
        RefreshError::Limited(wait) => TokenError::Limited(wait),
        RefreshError::Unanswered { .. } => TokenError::Unanswered(error.to_string()),
        RefreshError::Misconfigured { .. } => TokenError::Misconfigured(error.to_string()),
        other => TokenError::Refused(other.to_string()),
    }
}
