//! `customRequest` (`makeRawRequest` in older flows): any call to Podio's API (protocol, sections 8.1 and 10.12).
//! In: `url`, `method`, `data` (or `body`), `pagination`. Out: `statusCode`, `headers`, `responseBody`;
//! `responseBodyEncoding` if the body is binary, and `page` with `pagination`; or the objects of the pages, as the step's
//! `emitBehavior` says.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::{
        json::write_compact,
        message::{Message, Outgoing},
    },
};
use serde_json::value::RawValue;

use super::pages::{self, Next, Walk};
use crate::{
    podio::{
        StepConfig,
        error_policy::{ErrorPolicy, ErrorSettings, Response},
        items::{EmitBehavior, ItemSettings, Results},
    },
    rest::{Answer, ApiClient, Request},
};

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;
mod input;
mod output;

use output::Output;

/// The action, for one step.
pub(super) struct CustomRequest {
    podio: Arc<ApiClient>,
    safe_retries: bool,
    errors: ErrorSettings,
    settings: ItemSettings,
}

impl CustomRequest {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { podio, safe_retries: config.safe_retries, errors: config.errors.clone(), settings: config.items.clone() }
    }

    /// How pages are emitted.
    fn emit_behavior(&self) -> Result<EmitBehavior, Failure> {
        self.settings.emit_behavior(EmitBehavior::Page)
    }

    async fn all_pages(&self, walk: Walk, errors: ErrorPolicy, context: &Context<'_>) -> Result<(), Interruption> {
        let behavior = self.emit_behavior()?;
        let mut walk = walk.emitting(behavior);
        let mut results = Results::new(behavior, context.emitter);
        loop {
            let request = Request { by_status: errors.by_status(), ..walk.request() };
            let answer = self.call(&request, errors, context).await.map_err(|error| walk.interrupted(error))?;
            let Some(page) = walk.page(&answer)? else { break };
            let next_offset = page.next_offset;
            if behavior != EmitBehavior::Page && !answer.status.is_success() {
                // It is the last one; what was collected comes before it.
                if !walk.is_at_start() {
                    results.end().await?;
                }
                return context.emitter.data(Outgoing::new(Output { answer, page: Some(page) })).await;
            }
            let emitted = match behavior {
                EmitBehavior::Page => context.emitter.data(Outgoing::new(Output { answer, page: Some(page) })).await,
                EmitBehavior::All | EmitBehavior::Individually => {
                    results.page(compact_objects(&answer)).await.map(drop)
                }
            };
            emitted.map_err(|error| walk.interrupted(error))?;
            match walk.advance(next_offset) {
                Next::Page => {}
                Next::End => break,
            }
        }
        results.end().await.map(drop)
    }

    /// Makes a call. An answer that is no success is returned if the step's settings want it emitted.
    async fn call(
        &self,
        request: &Request,
        errors: ErrorPolicy,
        context: &Context<'_>,
    ) -> Result<Answer, Interruption> {
        let error = match self.podio.send(request, context.stop).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match error.answered().map(|status| errors.response(status)) {
            Some(Response::Emit) => Ok(error.into_answer()?),
            // A call that may have been executed and must not be repeated is none that may be repeated later.
            Some(Response::Rebound) if !error.is_outcome_unknown() => Err(Interruption::Rebound {
                reason: error.to_string(),
                wait: error.requested_wait().unwrap_or(Duration::ZERO),
            }),
            _ => Err(error.into()),
        }
    }
}

#[async_trait]
impl Action for CustomRequest {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let errors = self.errors.policy()?;
        self.emit_behavior()?;
        let input = input::read(message.body(), self.podio.address(), self.safe_retries)?;
        if let Some(walk) = input.walk {
            return self.all_pages(walk, errors, context).await;
        }
        let request = Request { by_status: errors.by_status(), ..input.request };
        let answer = self.call(&request, errors, context).await?;
        context.emitter.data(Outgoing::new(Output { answer, page: None })).await
    }
}

/// The objects of a page, each as compact JSON.
fn compact_objects(answer: &Answer) -> Vec<Vec<u8>> {
    let compact = |object: &RawValue| {
        let mut out = Vec::with_capacity(object.get().len());
        write_compact(object.get(), &mut out);
        out
    };
    pages::objects(answer).into_iter().map(compact).collect()
}
