//! `createItem`: creates an item in the step's app.
//! In: `fields`, `externalId`, `tags`, `fileIds`. Out: `item_id`, `created`, `title`, `revision`, `otherItemIds`.

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
        fields::{App, Draft},
        items::{
            Calls, ItemInput, ItemStep, Trouble, metadata,
            write::{self, Identity, NewItem},
        },
    },
    rest::ApiClient,
};

/// The action, for one step.
pub(super) struct CreateItem {
    step: ItemStep,
}

impl CreateItem {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { step: ItemStep::new(podio, config) }
    }

    async fn create(&self, calls: Calls<'_>, app: &App, input: &ItemInput<'_>) -> Result<Value, Trouble> {
        let draft = Draft::read(app, input.fields).with(input.problems.clone());
        let fields = draft.for_create().map_err(|problems| Trouble::Misfit(problems.failure(app)))?;
        let external_id = input.external_id.as_deref();
        let new = NewItem {
            body: input.new_body(&fields),
            options: write::options(&self.step.settings),
            identity: external_id.map(Identity::NewWithExternalId),
            safe_retries: self.step.safe_retries,
        };
        let created = write::create(calls, app, &new).await?;
        Ok(write::result_of_new(calls, app, &created.item, external_id).await)
    }
}

#[async_trait]
impl Action for CreateItem {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let input = &ItemInput::read(message.body())?;
        let calls = self.step.calls(context.stop);
        let result = self.step.with_app(calls, |app| async move { self.create(calls, &app, input).await }).await?;
        context.emitter.data(Outgoing::new(result)).await
    }

    async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        self.step.choices(method, stop).await
    }

    async fn metadata(&self, stop: &Stop) -> Result<Option<Value>, Failure> {
        let app = self.step.app_of_form(stop).await?;
        Ok(Some(json!({ "in": metadata::written(&app, None, false), "out": metadata::write_result() })))
    }
}
