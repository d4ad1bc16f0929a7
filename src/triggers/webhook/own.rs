//! Which hooks are the step's. The state of the startup hook is not in a message, and another process may have run it, so
//! it is Podio that says: a hook of the chosen app for a chosen event. That it is the flow's follows from where it calls.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use elasticio_runtime::action::Interruption;
use tokio::time::Instant;

use super::{hooks, settings::WebhookSettings};
use crate::podio::items::Calls;

/// A list younger than this is not fetched again for a hook that it does not have, so that calls of others cost at most
/// 120 calls of Podio an hour.
const MIN_AGE: Duration = Duration::from_secs(30);

/// The ids of the step's hooks, as far as the process knows them: as many as the app has at most.
#[derive(Debug, Default)]
pub(super) struct OwnHooks {
    known: Mutex<Known>,
    /// Held while they are listed: messages that need the list at the same time wait for one call.
    listing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    ids: HashSet<u64>,
    listed: Option<Instant>,
}

impl OwnHooks {
    /// Takes note of the hooks of a start in this process.
    pub(super) fn made(&self, ids: impl Iterator<Item = u64>) {
        self.lock().ids = ids.collect();
    }

    /// Whether a hook is one of them.
    pub(super) async fn contains(
        &self,
        hook: u64,
        settings: &WebhookSettings,
        calls: Calls<'_>,
    ) -> Result<bool, Interruption> {
        if self.lock().ids.contains(&hook) {
            return Ok(true);
        }
        let _listing = calls.stop().cut_short(self.listing.lock()).await?;
        if let Some(known) = self.lock().says(hook) {
            return Ok(known);
        }
        let listed = hooks::list(calls, settings.app).await?;
        let own = listed.iter().filter(|hook| settings.events.contains(&hook.event.as_str())).map(|hook| hook.id);
        let mut known = self.lock();
        *known = Known { ids: own.collect(), listed: Some(Instant::now()) };
        Ok(known.ids.contains(&hook))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether a hook is the step's; `None` if only Podio can tell.
    fn says(&self, hook: u64) -> Option<bool> {
        let is_fresh = self.listed.is_some_and(|listed| listed.elapsed() < MIN_AGE);
        if self.ids.contains(&hook) { Some(true) } else { is_fresh.then_some(false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_unknown_hook_is_asked_for_again_after_a_while() {
        let own = OwnHooks::default();
        let says = |hook| own.lock().says(hook);
        assert_eq!(says(1), None);
        own.made([1].into_iter());
        assert_eq!([says(1), says(2)], [Some(true), None]);
        own.lock().listed = Some(Instant::now());
        assert_eq!(says(2), Some(false));
        tokio::time::advance(MIN_AGE).await;
        assert_eq!([says(1), says(2)], [Some(true), None]);
    }
}
