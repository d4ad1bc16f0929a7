//! A step that works with the items of an app: its settings, and what it knows of the app.

use std::sync::Arc;

use elasticio_runtime::{
    action::{Failure, Interruption},
    stop::Stop,
};
use serde_json::{Map, Value};

use super::{
    apps::{Apps, Sign},
    calls::{Calls, failure},
    criterion::Criterion,
    find, places,
    settings::ItemSettings,
};
use crate::{
    podio::{StepConfig, fields::App},
    rest::ApiClient,
};

/// A step that works with items, shared by its messages.
#[derive(Clone, Debug)]
pub(crate) struct ItemStep {
    podio: Arc<ApiClient>,
    apps: Arc<Apps>,
    /// What its builder filled in.
    pub(crate) settings: ItemSettings,
    /// `safeRetries`: a POST is repeated only if it certainly never reached Podio.
    pub(crate) safe_retries: bool,
}

impl ItemStep {
    pub(crate) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { podio, apps: Arc::default(), settings: config.items.clone(), safe_retries: config.safe_retries }
    }

    /// The calls of a message whose work begins now.
    pub(crate) fn calls<'a>(&'a self, stop: &'a Stop) -> Calls<'a> {
        Calls::new(&self.podio, stop)
    }

    /// The definition of the chosen app.
    pub(crate) async fn app(&self, calls: Calls<'_>) -> Result<Arc<App>, Interruption> {
        self.apps.get(self.settings.app()?, calls).await
    }

    /// The definition of the chosen app for items whose newest revision of it is this one: fetched again if the known one
    /// is older.
    pub(crate) async fn app_of_items(
        &self,
        calls: Calls<'_>,
        app_revision: Option<u64>,
    ) -> Result<Arc<App>, Interruption> {
        self.seen(&*self.app(calls).await?, app_revision);
        self.app(calls).await
    }

    /// Does something with the definition of the chosen app. If that fails in a way that a newer definition may mend, it
    /// is done once more with that.
    pub(crate) async fn with_app<T, Attempt>(
        &self,
        calls: Calls<'_>,
        attempt: impl Fn(Arc<App>) -> Attempt,
    ) -> Result<T, Interruption>
    where
        Attempt: Future<Output = Result<T, Trouble>>,
    {
        let app = self.app(calls).await?;
        let trouble = match attempt(app.clone()).await {
            Ok(done) => return Ok(done),
            Err(trouble) => trouble,
        };
        let sign = match trouble {
            Trouble::Misfit(_) => Sign::Value,
            Trouble::Refused(_) => Sign::Refusal,
            Trouble::Other(interruption) => return Err(interruption),
        };
        match self.apps.newer(&app, sign, calls).await? {
            Some(newer) if newer.revision != app.revision || app.revision.is_none() => {
                attempt(newer).await.map_err(Interruption::from)
            }
            _ => Err(trouble.into()),
        }
    }

    /// Takes note of what an item says of its app.
    pub(crate) fn seen(&self, app: &App, app_revision: Option<u64>) {
        self.apps.seen(app.id, app_revision);
    }

    /// The choices of the form's select boxes.
    pub(crate) async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        let calls = self.calls(stop);
        match method {
            "getLookupCriteria" => Ok(Some(Criterion::choices(&*self.app_of_form(stop).await?))),
            "getSortFields" => Ok(Some(sort_fields(&*self.app_of_form(stop).await?))),
            _ => places::choices(method, &self.settings, &self.apps, calls).await,
        }
    }

    /// The definition of the chosen app, for the form.
    pub(crate) async fn app_of_form(&self, stop: &Stop) -> Result<Arc<App>, Failure> {
        self.app(self.calls(stop)).await.map_err(failure)
    }
}

/// Why something cannot be done with an app's definition.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The message's values do not fit it; nothing was called.
    Misfit(Failure),
    /// Podio refuses what fits it.
    Refused(Interruption),
    /// Anything else.
    Other(Interruption),
}

impl From<Trouble> for Interruption {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Misfit(failure) => failure.into(),
            Trouble::Refused(interruption) | Trouble::Other(interruption) => interruption,
        }
    }
}

impl From<Interruption> for Trouble {
    fn from(interruption: Interruption) -> Self {
        Self::Other(interruption)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Other(failure.into())
    }
}

/// By what items can be sorted.
fn sort_fields(app: &App) -> Value {
    let own = [("created_on", "Created"), ("last_edit_on", "Last edited"), ("title", "Title"), ("item_id", "Item ID")];
    let own = own.map(|(key, label)| (key.to_owned(), Value::from(label)));
    let fields = app.active().filter(|field| field.kind.is_sortable());
    let fields =
        fields.map(|field| (find::key(field), Value::from(format!("{} ({})", field.label, field.external_id))));
    Value::Object(own.into_iter().chain(fields).collect::<Map<_, _>>())
}
