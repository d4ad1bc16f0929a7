//! `webhook`: what Podio tells of an app as it happens. The startup hook makes Podio's hooks for the chosen app and events,
//! the shutdown hook removes them. Out: an event as Podio sent it; with `emitItem`, with its item as `item`.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, HookContext, Interruption},
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
        items::{Calls, ItemStep, emitted::written_item, failure, find},
    },
    rest::ApiClient,
};

mod call;
mod hooks;
mod own;
mod plan;
mod schema;
mod settings;

use call::{Call, Event, Verification};
use own::OwnHooks;
use plan::{Made, Plan, State};
use settings::WebhookSettings;

/// The trigger, for one step.
pub(super) struct Webhook {
    step: ItemStep,
    own: OwnHooks,
}

impl Webhook {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { step: ItemStep::new(podio, config), own: OwnHooks::default() }
    }

    /// Whether a hook is one of the step's. A warning says that it is not.
    async fn is_own(&self, hook: u64, settings: &WebhookSettings, calls: Calls<'_>) -> Result<bool, Interruption> {
        let is_own = self.own.contains(hook, settings, calls).await?;
        if !is_own {
            tracing::warn!(hook, "a call is ignored: it is of a hook that the step's app does not have for its events");
        }
        Ok(is_own)
    }

    /// Answers Podio's question whether somebody is there.
    async fn verify(
        &self,
        verification: &Verification,
        settings: &WebhookSettings,
        calls: Calls<'_>,
    ) -> Result<(), Interruption> {
        let hook = verification.hook;
        if !self.is_own(hook, settings, calls).await? {
            return Ok(());
        }
        let Err(error) = hooks::validate(calls, hook, &verification.code).await else { return Ok(()) };
        // Podio may have sent an older code before; the hook needs only one of them.
        let is_refused = error.status().is_some_and(|status| (400..500).contains(&status) && status != 401);
        if is_refused
            && hooks::list(calls, settings.app).await?.iter().any(|listed| listed.id == hook && listed.is_active())
        {
            return Ok(());
        }
        Err(hooks::not_verified(error, hook))
    }

    async fn emit(
        &self,
        event: Event<'_>,
        settings: &WebhookSettings,
        context: &Context<'_>,
        calls: Calls<'_>,
    ) -> Result<(), Interruption> {
        if !self.is_own(event.hook, settings, calls).await? {
            return Ok(());
        }
        let found = match event.item.filter(|_| settings.emit_item) {
            Some(id) => find::by_item_id(calls, id).await?,
            None => None,
        };
        let item = match found {
            Some(found) => {
                let app = self.step.app_of_items(calls, found.head.app_revision()).await?;
                Some(written_item(&found.item, Some(&app)))
            }
            None => None,
        };
        context.emitter.data(Outgoing::new(RawText(event.body(item.as_deref())))).await
    }

    /// Makes the hooks that are missing; adds each to `made` at once.
    async fn make(
        &self,
        plan: &Plan<'_>,
        app: u64,
        calls: Calls<'_>,
        made: &mut Vec<Made>,
    ) -> Result<(), Interruption> {
        for event in &plan.missing {
            let id = hooks::make(calls, app, event, plan.url).await?;
            made.push(Made { hook_id: id, event: (*event).to_owned() });
        }
        for hook in &plan.unverified {
            hooks::request_verification(calls, *hook).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Action for Webhook {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let settings = WebhookSettings::read(&self.step.settings)?;
        let calls = self.step.calls(context.stop);
        match Call::read(message.body())? {
            Call::Verification(verification) => self.verify(&verification, &settings, calls).await,
            Call::Event(event) => self.emit(event, &settings, context, calls).await,
        }
    }

    async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        self.step.choices(method, stop).await
    }

    async fn metadata(&self, stop: &Stop) -> Result<Option<Value>, Failure> {
        let app = if self.step.settings.flag("emitItem") { Some(self.step.app_of_form(stop).await?) } else { None };
        Ok(Some(json!({ "in": { "type": "object", "properties": {} }, "out": schema::event(app.as_deref()) })))
    }

    async fn startup(&self, context: &HookContext<'_>) -> Result<Value, Failure> {
        let settings = WebhookSettings::read(&self.step.settings)?;
        let url = context.webhook_uri.ok_or_else(|| {
            Failure::new(
                "The flow has no address for Podio's calls (ELASTICIO_FLOW_WEBHOOK_URI): the trigger \"webhook\" needs a \
                 flow that begins with it.",
            )
        })?;
        let calls = self.step.calls(context.stop);
        let listed = hooks::list(calls, settings.app).await.map_err(failure)?;
        let plan = Plan::of(&listed, &settings, url.as_str())?;
        let mut made = Vec::new();
        if let Err(interruption) = self.make(&plan, settings.app, calls, &mut made).await {
            // The state of a failed start is not kept, so nobody would remove them.
            for hook in &made {
                if hooks::remove(calls, hook.hook_id).await.is_err() {
                    tracing::warn!(
                        hook = hook.hook_id,
                        "a hook that was made could not be removed after a failed start"
                    );
                }
            }
            return Err(failure(interruption));
        }
        let state = State { app: settings.app, hooks: plan.reused.into_iter().chain(made).collect() };
        self.own.made(state.hooks.iter().map(|hook| hook.hook_id));
        serde_json::to_value(&state).map_err(|error| Failure::new(error.to_string()))
    }

    async fn shutdown(&self, state: &Value, context: &HookContext<'_>) -> Result<(), Failure> {
        let state: State = serde_json::from_value(state.clone()).map_err(|_| {
            Failure::new(
                "The state of the startup hook does not name the hooks that it made; remove those with the flow's address \
                 by hand.",
            )
        })?;
        let calls = self.step.calls(context.stop);
        let mut last = Ok(());
        for hook in &state.hooks {
            if let Err(interruption) = hooks::remove(calls, hook.hook_id).await {
                last = Err(failure(interruption));
            }
        }
        last
    }
}
