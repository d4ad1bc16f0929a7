//! A credential in use: its current token, its cooldown, and at most one refresh at a time for all its messages
//! (protocol, sections 11.14 and 11.20). A refresh is a task of its own, which ends even if its messages end earlier: the new
//! tokens count as soon as they are here, and a stop waits until they are stored.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use elasticio_runtime::stop::Stop;
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

use super::{
    access_token::{AccessToken, TokenError},
    cooldown::Cooldown,
    early_refresh::{EarlyRefresh, MAX_WAIT},
    events::{EarlyRefreshFailed, TokenInUse, TokenNotRefreshed},
    running_refresh::{Outcome, RunningRefresh},
    token_source::TokenSource,
};

/// The time in which a refresh token or secret that was refused for good is not offered again.
const REFUSAL_HOLD: Duration = Duration::from_secs(60);
/// Secrets that are remembered, to keep them out of error texts.
const MAX_KNOWN: usize = 16;

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
    /// The refresh under way.
    running: Option<RunningRefresh>,
    /// A refusal of the token endpoint, and until when it holds for all messages.
    refused: Option<(Instant, TokenError)>,
    early: EarlyRefresh,
    /// The newest secrets of this credential.
    known: VecDeque<SecretString>,
}

impl State {
    /// The refusal that holds now, and for how long.
    fn refusal(&self) -> Option<(Duration, &TokenError)> {
        let (until, refusal) = self.refused.as_ref()?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some((left, refusal))
    }
}

/// Why the source of tokens is asked.
enum Cause {
    /// There is no token yet.
    First,
    /// The API rejected this token.
    Rejected(Arc<AccessToken>),
    /// This token works, but soon expires.
    Expiring(Arc<AccessToken>),
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

    /// The current token; the first call reads it from its source. One that soon expires is refreshed first.
    pub(super) async fn access_token(self: &Arc<Self>, stop: &Stop) -> Outcome {
        let token = match self.current() {
            Some(token) => token,
            None => self.token_other_than(None, stop).await?,
        };
        // Boxed: it is rare, and would enlarge the task of every message.
        if token.is_due() { Box::pin(self.refreshed_early(token, stop)).await } else { Ok(token) }
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
        let running = {
            let mut state = self.state();
            if let Some(current) = self.current()
                && rejected.is_none_or(|rejected| !Arc::ptr_eq(rejected, &current))
            {
                return Ok(current);
            }
            match state.refusal() {
                Some((left, TokenError::Limited(_))) => return Err(self.limited(left)),
                Some((_, refusal)) => return Err(refusal.clone()),
                None => {}
            }
            match &state.running {
                Some(running) if running.is_alive() => running.clone(),
                _ => self.start(rejected.cloned().map_or(Cause::First, Cause::Rejected), stop, &mut state),
            }
        };
        match stop.cut_short(running.outcome()).await? {
            Err(TokenError::Limited(wait)) => Err(self.limited(wait)),
            outcome => outcome,
        }
    }

    /// The token in place of `old`, which soon expires. While there is none, `old`, which still works.
    async fn refreshed_early(self: &Arc<Self>, old: Arc<AccessToken>, stop: &Stop) -> Outcome {
        let running = {
            let mut state = self.state();
            match (self.current(), &state.running) {
                (Some(current), _) if !Arc::ptr_eq(&old, &current) => return Ok(current),
                (_, Some(running)) if running.is_alive() => running.clone(),
                _ if state.early.may_begin() && state.refusal().is_none() && !stop.is_requested() => {
                    self.start(Cause::Expiring(old.clone()), stop, &mut state)
                }
                _ => return Ok(old),
            }
        };
        let in_time = timeout_at(running.began + MAX_WAIT, running.outcome());
        Ok(stop.cut_short(in_time).await?.ok().and_then(Result::ok).unwrap_or(old))
    }

    /// The error while the token endpoint is rate-limited; the messages that need it wait with all their calls.
    fn limited(&self, wait: Duration) -> TokenError {
        self.cool_down(wait);
        TokenError::Limited(wait)
    }

    /// Starts to read or to refresh the token.
    fn start(self: &Arc<Self>, cause: Cause, stop: &Stop, state: &mut State) -> RunningRefresh {
        let (sender, running) = RunningRefresh::begin();
        state.running = Some(running.clone());
        let (credential, own_stop) = (self.clone(), stop.clone());
        stop.outlive(async move {
            // Waits until the refresh before this one is stored.
            let mut source = credential.source.lock().await;
            let outcome = credential.ask(&mut source, &cause, &own_stop).await;
            sender.send_replace(Some(credential.settle(outcome, &source, &cause)));
            source.store().await;
        });
        running
    }

    /// Reads or refreshes the token.
    async fn ask(&self, source: &mut TokenSource, cause: &Cause, stop: &Stop) -> Result<AccessToken, TokenError> {
        let known = self.known_secrets();
        match cause {
            Cause::First => source.read(stop).await,
            Cause::Rejected(old) => source.refresh(old, &known, stop).await,
            // There is time to look whether another process was earlier, which spares the refresh token.
            Cause::Expiring(old) => match source.stored_by_another(&known, stop).await {
                Some(stored) => stored,
                None => source.refresh(old, &known, stop).await,
            },
        }
    }

    /// Makes the outcome count for all messages.
    fn settle(&self, outcome: Result<AccessToken, TokenError>, source: &TokenSource, cause: &Cause) -> Outcome {
        let mut state = self.state();
        state.running = None;
        match outcome {
            Ok(token) => {
                let token = Arc::new(token);
                TokenInUse { refreshed: !matches!(cause, Cause::First), expires: token.expires }.emit();
                state.known.extend(source.secrets().chain([token.secret()]));
                let surplus = state.known.len().saturating_sub(MAX_KNOWN);
                state.known.drain(..surplus);
                state.refused = None;
                state.early = EarlyRefresh::default();
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                Ok(token)
            }
            Err(error) => {
                let hold = match error {
                    TokenError::Limited(wait) => Some(wait),
                    _ => error.is_final().then_some(REFUSAL_HOLD),
                };
                state.refused = hold.map(|hold| (Instant::now() + hold, error.clone()));
                if matches!(cause, Cause::Expiring(_)) && !matches!(error, TokenError::Stopped(_)) {
                    let pause = state.early.failed();
                    EarlyRefreshFailed { error: &error, pause }.emit();
                } else if matches!(cause, Cause::Rejected(_)) {
                    TokenNotRefreshed { error: &error }.emit();
                }
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

#[cfg(test)]
mod schedules;
