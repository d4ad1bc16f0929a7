//! One credential in use: its current token, one refresh at a time for all messages, and its cooldown
//! (protocol, section 11.14).

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use elasticio_runtime::stop::Stop;
use tokio::sync::Mutex;

use super::{
    access_token::{AccessToken, TokenError},
    cooldown::Cooldown,
    token_source::TokenSource,
};

/// A credential with its state, shared by all messages that use it.
pub(super) struct Credential {
    current: RwLock<Option<Arc<AccessToken>>>,
    /// Held by whoever asks for a token; the others queue.
    refresh: Mutex<Refresh>,
    pub(super) cooldown: Cooldown,
}

/// Where tokens come from, and the failure of the refresh that ended last, for the messages that waited for it.
struct Refresh {
    source: TokenSource,
    last_failure: Option<TokenError>,
}

impl Credential {
    pub(super) fn new(source: TokenSource) -> Self {
        Self {
            current: RwLock::default(),
            refresh: Mutex::new(Refresh { source, last_failure: None }),
            cooldown: Cooldown::default(),
        }
    }

    /// The token to send a request with; read from its source the first time.
    pub(super) async fn access_token(&self, stop: &Stop) -> Result<Arc<AccessToken>, TokenError> {
        match self.current() {
            Some(token) => Ok(token),
            None => self.other_than(None, stop).await,
        }
    }

    /// A token other than `rejected`: one that another message refreshed meanwhile, or a new one. The wait for another
    /// message's refresh ends with `stop`.
    pub(super) async fn refreshed(
        &self,
        rejected: &Arc<AccessToken>,
        stop: &Stop,
    ) -> Result<Arc<AccessToken>, TokenError> {
        self.other_than(Some(rejected), stop).await
    }

    /// No message calls for this long.
    pub(super) fn cool_down(&self, wait: Duration) {
        self.cooldown.extend(wait);
    }

    async fn other_than(
        &self,
        rejected: Option<&Arc<AccessToken>>,
        stop: &Stop,
    ) -> Result<Arc<AccessToken>, TokenError> {
        let (mut refresh, queued) = match self.refresh.try_lock() {
            Ok(refresh) => (refresh, false),
            Err(_) => (stop.cut_short(self.refresh.lock()).await?, true),
        };
        stop.check()?;
        if let Some(current) = self.current()
            && rejected.is_none_or(|rejected| !Arc::ptr_eq(rejected, &current))
        {
            return Ok(current);
        }
        // A message that had to queue shares the outcome of the refresh that it waited for, failures too: a refused
        // refresh is not asked for again by every message.
        if queued && let Some(failure) = &refresh.last_failure {
            return Err(failure.clone());
        }
        let outcome = match rejected {
            None => refresh.source.read(stop).await,
            Some(rejected) => refresh.source.refresh(rejected, stop).await,
        };
        match outcome {
            Ok(token) => {
                let token = Arc::new(token);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                refresh.last_failure = None;
                Ok(token)
            }
            Err(error) => {
                if let TokenError::Limited(wait) = error {
                    // Before the next in the queue can ask again.
                    self.cool_down(wait);
                }
                refresh.last_failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn current(&self) -> Option<Arc<AccessToken>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}
