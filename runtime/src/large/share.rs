//! What one message has claimed of the budget. The message's task carries it, so that whoever reads or builds a large body
//! can claim memory for it without being handed the budget.

use std::{
    cell::OnceCell,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Budget, NoMemory, budget::Held};

tokio::task_local! {
    static MESSAGE: OnMessage;
}

/// The budget, and the share of the message in whose task this is; most messages need none.
struct OnMessage {
    budget: Arc<Budget>,
    share: OnceCell<Arc<Share>>,
}

/// The share of one message.
#[derive(Debug)]
struct Share {
    budget: Arc<Budget>,
    state: Mutex<State>,
    /// One claim of a message waits at a time: what it is granted may be enough for the next.
    growing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    held: Held,
    claimed: usize,
}

/// Bytes of the budget, until the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claim(Option<Arc<Claimed>>);

#[derive(Debug)]
struct Claimed {
    share: Arc<Share>,
    bytes: usize,
}

/// Runs the work on one message, whose claims count against `budget`.
pub(crate) async fn within<F: Future>(budget: &Arc<Budget>, work: F) -> F::Output {
    MESSAGE.scope(OnMessage { budget: budget.clone(), share: OnceCell::new() }, work).await
}

/// Waits until the message in whose task this runs may take so many bytes more. A small number is not counted, nor is
/// anything outside of [`within`].
///
/// # Errors
/// See [`NoMemory`].
pub(crate) async fn claim(bytes: usize) -> Result<Claim, NoMemory> {
    let share = MESSAGE.try_with(|message| {
        let counted = bytes > message.budget.uncounted();
        let new = || Arc::new(Share::new(message.budget.clone()));
        counted.then(|| message.share.get_or_init(new).clone())
    });
    let Ok(Some(share)) = share else { return Ok(Claim::default()) };
    share.take(bytes).await?;
    Ok(Claim(Some(Arc::new(Claimed { share, bytes }))))
}

impl Claim {
    /// Whether it counts against the budget.
    pub(crate) fn is_counted(&self) -> bool {
        self.0.is_some()
    }
}

impl Share {
    fn new(budget: Arc<Budget>) -> Self {
        Self { budget, state: Mutex::default(), growing: tokio::sync::Mutex::new(()) }
    }

    async fn take(&self, bytes: usize) -> Result<(), NoMemory> {
        let _growing = self.growing.lock().await;
        let (standing, wanted) = {
            let state = self.lock();
            (state.held.standing(), state.claimed.saturating_add(bytes))
        };
        let more = self.budget.grant(standing, wanted).await?;
        let mut state = self.lock();
        state.held.add(more);
        state.claimed += bytes;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        let mut state = self.share.lock();
        state.claimed -= self.bytes;
        let left = state.claimed;
        state.held.reduce_to(left);
    }
}
