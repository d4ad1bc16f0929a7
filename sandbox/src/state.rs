//! What both listeners share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;

use crate::answers::Books;
use crate::journal::Journal;
use crate::platform::{Hooks, Keys, Objects};
use crate::podio::{Files, Items};
use crate::tokens::Tokens;

pub(crate) struct State {
    pub(crate) journal: Arc<Journal>,
    pub(crate) books: Books,
    pub(crate) only_answers: bool,
    pub(crate) tokens: Tokens,
    step: RwLock<Bytes>,
    items: Mutex<Items>,
    files: Mutex<Files>,
    objects: Mutex<Objects>,
    hooks: Mutex<Hooks>,
    keys: Mutex<Keys>,
}

impl State {
    pub(crate) fn new(books: Books, only_answers: bool, tokens: Tokens, step: Bytes) -> Self {
        Self {
            journal: Arc::default(),
            books,
            only_answers,
            tokens,
            step: RwLock::new(step),
            items: Mutex::default(),
            files: Mutex::default(),
            objects: Mutex::default(),
            hooks: Mutex::default(),
            keys: Mutex::default(),
        }
    }

    /// The step data, as JSON.
    pub(crate) fn step(&self) -> Bytes {
        self.step.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_step(&self, step: Bytes) {
        *self.step.write().unwrap_or_else(PoisonError::into_inner) = step;
    }

    pub(crate) fn items(&self) -> MutexGuard<'_, Items> {
        lock(&self.items)
    }

    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        lock(&self.files)
    }

    pub(crate) fn objects(&self) -> MutexGuard<'_, Objects> {
        lock(&self.objects)
    }

    pub(crate) fn hooks(&self) -> MutexGuard<'_, Hooks> {
        lock(&self.hooks)
    }

    pub(crate) fn keys(&self) -> MutexGuard<'_, Keys> {
        lock(&self.keys)
    }
}

/// State stays usable for other calls when one of them panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
