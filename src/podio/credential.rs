//! One credential in use: its present token, one renewal at a time for all messages, and its cooldown
//! (contract, section 11).

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    config::{OAuth, StepConfig},
    cooldown::Cooldown,
    renewal::{CredentialStore, Grant, OwnCredential, RenewError, TokenSource},
    token_endpoint::TokenEndpoint,
};
use crate::{platform::api::PlatformApi, settings::PodioSettings};

/// A credential with its state, shared by all messages that use it.
pub struct Credential {
    source: TokenSource,
    present: RwLock<Option<Arc<Grant>>>,
    renewals: Mutex<Renewals>,
    pub(super) cooldown: Cooldown,
}

/// The outcome of the renewal that ended last, for those who waited for it.
#[derive(Default)]
struct Renewals {
    ended: u64,
    failure: Option<RenewError>,
}

impl Credential {
    /// The credential of a step: `secretId`, else `oauth`, else `None`.
    #[must_use]
    pub fn of_step(
        config: &StepConfig,
        settings: &PodioSettings,
        http: &reqwest::Client,
        api: Option<PlatformApi>,
        store: Arc<dyn CredentialStore>,
    ) -> Option<Self> {
        if let Some(id) = config.secret_id.clone() {
            return Some(Self::new(TokenSource::Secret { api, id }));
        }
        let oauth = config.oauth.clone()?;
        let endpoint = match (&settings.client_id, &settings.client_secret) {
            (Some(id), Some(secret)) => {
                Some(TokenEndpoint::new(http.clone(), &settings.token_url, id, secret, settings.timeout))
            }
            _ => None,
        };
        Some(Self::new(TokenSource::Own(Box::new(own(oauth, endpoint, store)))))
    }

    fn new(source: TokenSource) -> Self {
        Self { source, present: RwLock::default(), renewals: Mutex::default(), cooldown: Cooldown::default() }
    }

    /// The token to send a request with; read from the platform the first time, unless `stop` comes first.
    pub(super) async fn grant(&self, stop: &CancellationToken) -> Result<Arc<Grant>, RenewError> {
        match self.present() {
            Some(grant) => Ok(grant),
            None => self.other_than(None, stop).await,
        }
    }

    /// A token other than `rejected`: one that somebody renewed meanwhile, or a new one.
    /// Waiting for somebody else's renewal ends with `stop`.
    pub(super) async fn renewed(
        &self,
        rejected: &Arc<Grant>,
        stop: &CancellationToken,
    ) -> Result<Arc<Grant>, RenewError> {
        self.other_than(Some(rejected), stop).await
    }

    /// Nobody calls for this long.
    pub(super) fn cool_down(&self, wait: Duration) {
        self.cooldown.extend(wait);
    }

    async fn other_than(
        &self,
        rejected: Option<&Arc<Grant>>,
        stop: &CancellationToken,
    ) -> Result<Arc<Grant>, RenewError> {
        let queue = self.renewals.try_lock().map(|renewals| renewals.ended);
        let turn = stop.run_until_cancelled(self.renewals.lock()).await;
        let mut renewals = turn.filter(|_| !stop.is_cancelled()).ok_or(RenewError::Stopped)?;
        if let Some(present) = self.present()
            && rejected.is_none_or(|rejected| !Arc::ptr_eq(rejected, &present))
        {
            return Ok(present);
        }
        // Whoever had to queue shares the outcome of the renewal that it waited for, failures too: a refused
        // refresh is not asked for again by every message.
        if queue.is_err()
            && let Some(failure) = &renewals.failure
        {
            return Err(failure.clone());
        }
        let outcome = match rejected {
            None => self.source.read(stop).await,
            Some(rejected) => self.source.renew(rejected, stop).await,
        };
        renewals.ended += 1;
        match outcome {
            Ok(grant) => {
                let grant = Arc::new(grant);
                *self.present.write().unwrap_or_else(PoisonError::into_inner) = Some(grant.clone());
                renewals.failure = None;
                Ok(grant)
            }
            Err(error) => {
                if let RenewError::Limited(wait) = error {
                    // Before the next in the queue can ask again.
                    self.cool_down(wait);
                }
                renewals.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn present(&self) -> Option<Arc<Grant>> {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn own(oauth: OAuth, endpoint: Option<TokenEndpoint>, store: Arc<dyn CredentialStore>) -> OwnCredential {
    OwnCredential { oauth: Mutex::new(oauth), endpoint, store }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}
