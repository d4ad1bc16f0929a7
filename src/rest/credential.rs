//! A credential in use: its current token, its cooldown, and at most one refresh at a time for all its messages
//! (protocol, section 11.14). A refresh is a task of its own, which ends even if its messages end earlier: the new
//! tokens count as soon as they are here, and a stop waits until they are stored.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use elasticio_runtime::stop::Stop;
use secrecy::SecretString;
use tokio::{sync::watch, time::Instant};

use super::{
    access_token::{AccessToken, TokenError},
    cooldown::Cooldown,
    token_source::TokenSource,
};

/// The time in which a refresh token or secret that was refused for good is not offered again.
const REFUSAL_HOLD: Duration = Duration::from_secs(60);
/// Secrets that are remembered, to keep them out of error texts.
const MAX_KNOWN: usize = 16;

type Outcome = Result<Arc<AccessToken>, TokenError>;

/// A credential and its state, shared by all messages of the step.
pub(super) struct Credential {
    current: RwLock<Option<Arc<AccessToken>>>,
    state: Mutex<State>,
    /// Locked by the task that reads, refreshes or stores the credential.
    source: tokio::sync::Mutex<TokenSource>,
    pub(super) cooldown: Cooldown,
}

#[derive(Default)]
struct State {
    /// The outcome of the refresh under way; `None` in it until there is one.
    running: Option<watch::Receiver<Option<Outcome>>>,
    /// A refusal for good, and until when it holds for all messages.
    refused: Option<(Instant, TokenError)>,
    /// The newest secrets of this credential.
    known: VecDeque<SecretString>,
}

impl Credential {
    pub(super) fn new(source: TokenSource) -> Arc<Self> {
        let state = State { known: source.secrets().collect(), ..State::default() };
        Arc::new(Self {
            current: RwLock::default(),
            state: Mutex::new(state),
            source: tokio::sync::Mutex::new(source),
            cooldown: Cooldown::default(),
        })
    }

    /// The current token; the first call reads it from its source.
    pub(super) async fn access_token(self: &Arc<Self>, stop: &Stop) -> Outcome {
        match self.current() {
            Some(token) => Ok(token),
            None => self.token_other_than(None, stop).await,
        }
    }

    /// A token other than `rejected`: refreshed by another message in the meantime, or refreshed now. A stop ends the
    /// wait for the refresh, but not the refresh.
    pub(super) async fn refreshed(self: &Arc<Self>, rejected: &Arc<AccessToken>, stop: &Stop) -> Outcome {
        self.token_other_than(Some(rejected), stop).await
    }

    /// Keeps all messages from calling for `wait`.
    pub(super) fn cool_down(&self, wait: Duration) {
        self.cooldown.extend(wait);
    }

    /// The secrets that no text may hold.
    pub(super) fn known_secrets(&self) -> Vec<SecretString> {
        self.state().known.iter().cloned().collect()
    }

    async fn token_other_than(self: &Arc<Self>, rejected: Option<&Arc<AccessToken>>, stop: &Stop) -> Outcome {
        stop.check()?;
        let mut running = {
            let mut state = self.state();
            if let Some(current) = self.current()
                && rejected.is_none_or(|rejected| !Arc::ptr_eq(rejected, &current))
            {
                return Ok(current);
            }
            if let Some((until, refusal)) = &state.refused
                && Instant::now() < *until
            {
                return Err(refusal.clone());
            }
            match &state.running {
                // A refresh that panicked has dropped its sender.
                Some(running) if running.has_changed().is_ok() => running.clone(),
                _ => self.start(rejected.cloned(), stop, &mut state),
            }
        };
        // All messages that wait share the outcome, even a failure. Otherwise each would repeat a refused refresh.
        let outcome = stop.cut_short(running.wait_for(Option::is_some)).await?.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Err(TokenError::Unavailable("its refresh failed unexpectedly".to_owned())))
    }

    /// Starts to read the token, or to refresh the rejected one.
    fn start(
        self: &Arc<Self>,
        rejected: Option<Arc<AccessToken>>,
        stop: &Stop,
        state: &mut State,
    ) -> watch::Receiver<Option<Outcome>> {
        let (sender, running) = watch::channel(None);
        state.running = Some(running.clone());
        let (credential, own_stop) = (self.clone(), stop.clone());
        stop.outlive(async move {
            // Waits until the refresh before this one is stored.
            let mut source = credential.source.lock().await;
            let outcome = match &rejected {
                None => source.read(&own_stop).await,
                Some(rejected) => source.refresh(rejected, &own_stop).await,
            };
            sender.send_replace(Some(credential.settle(outcome, &source)));
            source.store().await;
        });
        running
    }

    /// Makes the outcome count for all messages.
    fn settle(&self, outcome: Result<AccessToken, TokenError>, source: &TokenSource) -> Outcome {
        let mut state = self.state();
        state.running = None;
        match outcome {
            Ok(token) => {
                let token = Arc::new(token);
                state.known.extend(source.secrets().chain([token.secret()]));
                let surplus = state.known.len().saturating_sub(MAX_KNOWN);
                state.known.drain(..surplus);
                state.refused = None;
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                Ok(token)
            }
            Err(error) => {
                if let TokenError::Limited(wait) = error {
                    // Before the next message can call the endpoint.
                    self.cool_down(wait);
                }
                state.refused = error.is_final().then(|| (Instant::now() + REFUSAL_HOLD, error.clone()));
                Err(error)
            }
        }
    }

    fn current(&self) -> Option<Arc<AccessToken>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}
