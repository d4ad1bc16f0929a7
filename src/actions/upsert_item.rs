//! `upsertItem`: changes the item that the step's criterion finds, or creates it.
//! In: `itemId` or `externalId`, `fields`, `tags`, `fileIds`, `revision`. Out: `item_id`, `created`, `title`, `revision`,
//! and `otherItemIds` of a new item with an external id.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::message::{Message, Outgoing},
    stop::Stop,
};
use serde_json::{Value, json};

use crate::{
    podio::{
        StepConfig,
        fields::{App, Draft, Problems},
        items::{
            Calls, Criterion, ItemInput, ItemStep, Target, Trouble, metadata,
            write::{self, NewItem},
        },
    },
    rest::ApiClient,
};

/// The action, for one step.
pub(super) struct UpsertItem {
    step: ItemStep,
}

impl UpsertItem {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { step: ItemStep::new(podio, config) }
    }

    async fn upsert(&self, calls: Calls<'_>, app: &App, input: &ItemInput<'_>) -> Result<Value, Trouble> {
        let misfit = |problems: Problems| Trouble::Misfit(problems.failure(app));
        let criterion = Criterion::read(&self.step.settings, app).map_err(Trouble::Misfit)?;
        let draft = Draft::read(app, input.fields).with(input.problems.clone()).check().map_err(misfit)?;
        let options = write::options(&self.step.settings);
        let identity = match Target::find(calls, app, criterion, input).await? {
            Target::Existing(id) => {
                let body = input.body(&draft.for_update().map_err(misfit)?);
                let written = write::update(calls, app, id, &body, options).await?;
                return Ok(write::result(&written, false, None));
            }
            Target::Missing(identity) => identity,
        };
        let body = input.new_body(&draft.for_create().map_err(misfit)?);
        let new = NewItem { body, options, identity, safe_retries: self.step.safe_retries };
        let created = write::create(calls, app, &new).await?;
        let mut written = created.item;
        if created.was_found {
            // It may be the item of another step that created it at the same moment, with other values.
            written = write::update(calls, app, written.item_id, &new.body, options).await?;
        }
        Ok(write::result_of_new(calls, app, &written, input.external_id.as_deref()).await)
    }
}

#[async_trait]
impl Action for UpsertItem {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let input = &ItemInput::read(message.body())?;
        let calls = self.step.calls(context.stop);
        let result = self.step.with_app(calls, |app| async move { self.upsert(calls, &app, input).await }).await?;
        context.emitter.data(Outgoing::new(result)).await
    }

    async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        self.step.choices(method, stop).await
    }

    async fn metadata(&self, stop: &Stop) -> Result<Option<Value>, Failure> {
        let app = self.step.app_of_form(stop).await?;
        let criterion = Criterion::read(&self.step.settings, &app)?;
        Ok(Some(json!({ "in": metadata::written(&app, Some(criterion), false), "out": metadata::write_result() })))
    }
}
