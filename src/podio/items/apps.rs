//! The definitions of apps, fetched once in a process and again when there is a sign that an app has changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use elasticio_runtime::action::{Failure, Interruption};
use tokio::time::Instant;

use super::calls::{Calls, app_error};
use crate::{podio::fields::App, rest::answer::Body};

/// Definitions that are kept; a further one takes the place of the oldest.
const MAX_APPS: usize = 100;
/// A value that does not fit may be one that a change of the app allows. A definition younger than this is not fetched
/// again for it, so that wrong values cost 60 calls an hour at most.
const MIN_AGE: Duration = Duration::from_secs(60);

/// The definitions, shared by all messages of a step.
#[derive(Debug, Default)]
pub(crate) struct Apps {
    known: Mutex<HashMap<u64, Known>>,
    /// Held while a definition is fetched: messages that need it at the same time wait for one call.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Known {
    app: Arc<App>,
    fetched: Instant,
}

/// Why a definition may be out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A value does not fit it.
    Value,
    /// Podio refuses what fits it.
    Refusal,
}

impl Sign {
    /// Whether a definition of this age is fetched again.
    fn is_enough(self, age: Duration) -> bool {
        self == Self::Refusal || age >= MIN_AGE
    }
}

impl Apps {
    /// The definition of an app.
    pub(crate) async fn get(&self, id: u64, calls: Calls<'_>) -> Result<Arc<App>, Interruption> {
        if let Some(app) = self.known(id) {
            return Ok(app);
        }
        let _fetching = calls.stop().cut_short(self.fetching.lock()).await?;
        match self.known(id) {
            Some(app) => Ok(app),
            None => self.fetch(id, calls).await,
        }
    }

    /// A newer definition than `used`, after a sign that there is one; `None` if there is none.
    pub(crate) async fn newer(
        &self,
        used: &Arc<App>,
        sign: Sign,
        calls: Calls<'_>,
    ) -> Result<Option<Arc<App>>, Interruption> {
        let _fetching = calls.stop().cut_short(self.fetching.lock()).await?;
        let age = match self.lock().get(&used.id) {
            Some(known) if !Arc::ptr_eq(&known.app, used) => return Ok(Some(known.app.clone())),
            Some(known) => known.fetched.elapsed(),
            None => MIN_AGE,
        };
        if !sign.is_enough(age) {
            return Ok(None);
        }
        self.fetch(used.id, calls).await.map(Some)
    }

    /// Takes note of the app's revision in an item: the next message fetches a definition that is older.
    pub(crate) fn seen(&self, id: u64, revision: Option<u64>) {
        let mut known = self.lock();
        let own = known.get(&id).and_then(|known| known.app.revision);
        if own.zip(revision).is_some_and(|(own, seen)| own < seen) {
            known.remove(&id);
        }
    }

    async fn fetch(&self, id: u64, calls: Calls<'_>) -> Result<Arc<App>, Interruption> {
        let answer = calls.get(&format!("/app/{id}")).await;
        let answer =
            answer.map_err(|error| app_error(error, id, &format!("The fields of the app {id} are not known.")))?;
        let app = match answer.body() {
            Body::Json(json) => App::read(json.get()),
            _ => None,
        };
        let app = app.ok_or_else(|| Failure::new(format!("Podio's answer to GET /app/{id} is not an app.")))?;
        let app = Arc::new(App { id, ..app });
        self.keep(&app);
        Ok(app)
    }

    fn keep(&self, app: &Arc<App>) {
        let mut known = self.lock();
        if known.len() >= MAX_APPS && !known.contains_key(&app.id) {
            let oldest = known.iter().min_by_key(|(_, known)| known.fetched).map(|(id, _)| *id);
            oldest.map(|id| known.remove(&id));
        }
        known.insert(app.id, Known { app: app.clone(), fetched: Instant::now() });
    }

    fn known(&self, id: u64) -> Option<Arc<App>> {
        self.lock().get(&id).map(|known| known.app.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(id: u64, revision: u64) -> Arc<App> {
        let text = format!("{{\"app_id\":{id},\"current_revision\":{revision}}}");
        Arc::new(App::read(&text).expect("an app"))
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_definition_makes_room() {
        let apps = Apps::default();
        for id in 0..=u64::try_from(MAX_APPS).expect("a small number") {
            apps.keep(&app(id, 1));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(apps.lock().len(), MAX_APPS);
        assert!(apps.known(0).is_none() && apps.known(1).is_some());
    }

    #[test]
    fn a_value_that_does_not_fit_a_young_definition_is_no_reason_to_fetch_it_again() {
        assert!(!Sign::Value.is_enough(MIN_AGE / 2) && Sign::Value.is_enough(MIN_AGE));
        assert!(Sign::Refusal.is_enough(Duration::ZERO));
    }

    #[test]
    fn an_item_of_a_newer_app_makes_its_definition_old() {
        let apps = Apps::default();
        apps.keep(&app(7, 5));
        apps.seen(7, Some(5));
        apps.seen(7, None);
        apps.seen(8, Some(9));
        assert!(apps.known(7).is_some());
        apps.seen(7, Some(6));
        assert!(apps.known(7).is_none());
    }
}
