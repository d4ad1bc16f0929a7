//! `lookupItem`: gets the one item that has the value which the message gives for the step's criterion.
//! In: `lookupValue`. Out: the item as Podio has it, with `fieldsByName`; `{}` if there is none and the step allows it.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::{
        json::RawText,
        message::{Message, Outgoing},
    },
    stop::Stop,
};
use serde_json::{Value, json};

use crate::{
    podio::{
        StepConfig,
        fields::{App, Given, Problems},
        items::{Calls, Criterion, ItemStep, Trouble, emitted::written_item, find, metadata, nothing, object, only},
    },
    rest::ApiClient,
};

/// The action, for one step.
pub(super) struct LookupItem {
    step: ItemStep,
}

impl LookupItem {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { step: ItemStep::new(podio, config) }
    }

    /// The body of the result.
    async fn lookup(&self, calls: Calls<'_>, app: &App, given: Given<'_>) -> Result<Vec<u8>, Trouble> {
        let criterion = Criterion::read(&self.step.settings, app).map_err(Trouble::Misfit)?;
        let misfit = |expected: &str| {
            let mut problems = Problems::default();
            problems.other(format!("\"lookupValue\" ({}) {}", criterion.label(), given.must_be(expected)));
            Trouble::Misfit(problems.failure(app))
        };
        let found = match criterion {
            Criterion::ItemId => {
                let id = given.whole().ok_or_else(|| misfit("a whole number"))?;
                let found = find::by_item_id(calls, id).await?;
                found.filter(|found| found.head.app_id().is_none_or(|id| id == app.id))
            }
            Criterion::ExternalId => {
                let id = given.text().ok_or_else(|| misfit("a text"))?;
                find::by_external_id(calls, app, &id).await?
            }
            Criterion::Field(field) => only(find::by_field(calls, app, field, given).await?, app, &criterion)?,
        };
        let Some(found) = found else {
            let none = nothing(app, &criterion, Some(given));
            return if self.step.settings.flag("allowZeroResults") { Ok(b"{}".to_vec()) } else { Err(none.into()) };
        };
        self.step.seen(app, found.head.app_revision());
        Ok(written_item(&found.item, Some(app)))
    }
}

#[async_trait]
impl Action for LookupItem {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let body = object(message.body())?;
        let given = body.get("lookupValue").map(Given::new).filter(|given| !given.is_empty());
        let result = match given {
            Some(given) => {
                let calls = self.step.calls(context.stop);
                self.step.with_app(calls, |app| async move { self.lookup(calls, &app, given).await }).await?
            }
            None if self.step.settings.flag("allowCriteriaToBeOmitted") => b"{}".to_vec(),
            None => {
                return Err(Failure::input(
                    "The message has no \"lookupValue\": give the value to look up, or allow the step's criteria to be \
                     omitted.",
                )
                .into());
            }
        };
        context.emitter.data(Outgoing::new(RawText(result))).await
    }

    async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        self.step.choices(method, stop).await
    }

    async fn metadata(&self, stop: &Stop) -> Result<Option<Value>, Failure> {
        let app = self.step.app_of_form(stop).await?;
        let criterion = Criterion::read(&self.step.settings, &app)?;
        let may_be_empty = self.step.settings.flag("allowCriteriaToBeOmitted");
        Ok(Some(json!({ "in": metadata::lookup(&app, criterion, may_be_empty), "out": metadata::item(&app) })))
    }
}
