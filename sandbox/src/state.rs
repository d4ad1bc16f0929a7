//! What both listeners share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;

use crate::answers::Scripts;
use crate::journal::Journal;
use crate::rate_limit::Limiter;
use crate::store::{Documents, Objects, Records, Tokens};
use crate::traces::Traces;

/// `http://IP:PORT` of each listener.
#[derive(Clone, Debug)]
pub(crate) struct Urls {
    pub(crate) podio: String,
    pub(crate) platform: String,
}

pub(crate) struct State {
    pub(crate) journal: Arc<Journal>,
    pub(crate) scripts: Scripts,
    pub(crate) only_answers: bool,
    pub(crate) limiter: Limiter,
    pub(crate) tokens: Tokens,
    pub(crate) traces: Traces,
    /// The addresses of both listeners.
    pub(crate) urls: Urls,
    step: RwLock<Bytes>,
    records: Mutex<Records>,
    objects: Mutex<Objects>,
    startup_data: Mutex<Documents>,
    account_keys: Mutex<Documents>,
}

impl State {
    pub(crate) fn new(scripts: Scripts, only_answers: bool, tokens: Tokens, urls: Urls, step: Bytes) -> Self {
        Self {
            journal: Arc::default(),
            scripts,
            only_answers,
            limiter: Limiter::default(),
            tokens,
            traces: Traces::default(),
            urls,
            step: RwLock::new(step),
            records: Mutex::default(),
            objects: Mutex::default(),
            startup_data: Mutex::default(),
            account_keys: Mutex::default(),
        }
    }

    /// The step data, as JSON.
    pub(crate) fn step(&self) -> Bytes {
        self.step.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_step(&self, step: Bytes) {
        *self.step.write().unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// What the user of Podio has.
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }

    pub(crate) fn objects(&self) -> MutexGuard<'_, Objects> {
        lock(&self.objects)
    }

    /// The data of startup hooks, by flow.
    pub(crate) fn startup_data(&self) -> MutexGuard<'_, Documents> {
        lock(&self.startup_data)
    }

    /// The last body of `PUT /v1/accounts/{id}`, by account.
    pub(crate) fn account_keys(&self) -> MutexGuard<'_, Documents> {
        lock(&self.account_keys)
    }
}

/// Locks despite poison: a call that panicked must not fail the calls after it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
