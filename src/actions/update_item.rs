//! `updateItem`: changes the item that the step's criterion finds.
//! In: `itemId` or `externalId`, `fields`, `tags`, `fileIds`, `revision`. Out: `item_id`, `created` (false), `title`,
//! `revision`.

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
        items::{Calls, Criterion, ItemInput, ItemStep, Target, Trouble, metadata, nothing, write},
    },
    rest::ApiClient,
};

/// The action, for one step.
pub(super) struct UpdateItem {
    step: ItemStep,
}

impl UpdateItem {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { step: ItemStep::new(podio, config) }
    }

    async fn update(&self, calls: Calls<'_>, app: &App, input: &ItemInput<'_>) -> Result<Value, Trouble> {
        let misfit = |problems: Problems| Trouble::Misfit(problems.failure(app));
        let criterion = Criterion::read(&self.step.settings, app).map_err(Trouble::Misfit)?;
        let draft = Draft::read(app, input.fields).with(input.problems.clone());
        let body = input.body(&draft.for_update().map_err(misfit)?);
        let id = match (Target::find(calls, app, criterion, input).await?, criterion) {
            (Target::Existing(id), _) => id,
            (Target::Missing(_), Criterion::ItemId) => {
                return Err(Failure::input("The message has no \"itemId\" (Item ID): give the id of the item.").into());
            }
            (Target::Missing(_), _) => return Err(nothing(app, &criterion, None).into()),
        };
        let written = write::update(calls, app, id, &body, write::options(&self.step.settings)).await?;
        Ok(write::result(&written, false, None))
    }
}

#[async_trait]
impl Action for UpdateItem {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let input = &ItemInput::read(message.body())?;
        let calls = self.step.calls(context.stop);
        let result = self.step.with_app(calls, |app| async move { self.update(calls, &app, input).await }).await?;
        context.emitter.data(Outgoing::new(result)).await
    }

    async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        self.step.choices(method, stop).await
    }

    async fn metadata(&self, stop: &Stop) -> Result<Option<Value>, Failure> {
        let app = self.step.app_of_form(stop).await?;
        let criterion = Criterion::read(&self.step.settings, &app)?;
        Ok(Some(json!({ "in": metadata::written(&app, Some(criterion), true), "out": metadata::write_result() })))
    }
}
