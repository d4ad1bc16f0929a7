//! A credential in use: its current token, its cooldown, and at most one refresh at a time for all its messages
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

/// A credential and its state, shared by all messages of the step.
pub(super) struct Credential {
    current: RwLock<Option<Arc<AccessToken>>>,
    /// Locked by the message that gets a token; other messages queue for the lock.
    refresh: Mutex<Refresh>,
    pub(super) cooldown: Cooldown,
}

/// The source of tokens, and the error of the last refresh for the messages that waited for it.
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

    /// The current token; the first call reads it from its source.
    pub(super) async fn access_token(&self, stop: &Stop) -> Result<Arc<AccessToken>, TokenError> {
        match self.current() {
            Some(token) => Ok(token),
            None => self.token_other_than(None, stop).await,
        }
    }

    /// A token other than `rejected`: refreshed by another message in the meantime, or refreshed now. A stop ends the
    /// wait for another message's refresh.
    pub(super) async fn refreshed(
        &self,
        rejected: &Arc<AccessToken>,
        stop: &Stop,
    ) -> Result<Arc<AccessToken>, TokenError> {
        self.token_other_than(Some(rejected), stop).await
    }

    /// Keeps all messages from calling for `wait`.
    pub(super) fn cool_down(&self, wait: Duration) {
        self.cooldown.extend(wait);
    }

    async fn token_other_than(
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
        // A message that queued shares the outcome of the refresh that it waited for, even a failure. Otherwise every
        // message would repeat a refused refresh.
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
                    // Before the next message in the queue can call the endpoint.
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
