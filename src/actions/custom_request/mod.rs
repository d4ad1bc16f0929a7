//! `customRequest` (`makeRawRequest` in older flows): any call to Podio's API (protocol, sections 8.1 and 10.12).
//! In: `url`, `method`, `data` (or `body`), `pagination`. Out: `statusCode`, `headers`, `responseBody`;
//! `responseBodyEncoding` if the body is binary, and `page` with `pagination`.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Interruption},
    platform::{
        json::{ObjectWriter, WriteJson},
        message::{Message, Outgoing},
    },
};

use super::pages::{Next, PageInfo, Walk};
use crate::{
    podio::StepConfig,
    rest::{Answer, ApiClient, CallError, Request, answer::BodyEncoding},
};

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzed;
mod input;

/// The action, for one step.
pub(super) struct CustomRequest {
    podio: Arc<ApiClient>,
    safe_retries: bool,
    dont_throw: bool,
}

impl CustomRequest {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { podio, safe_retries: config.safe_retries, dont_throw: config.dont_throw }
    }

    /// Emits each page as it arrives.
    async fn all_pages(&self, mut walk: Walk, context: &Context<'_>) -> Result<(), Interruption> {
        loop {
            let request = walk.request();
            let answer = self.call(&request, context).await.map_err(|error| walk.interrupted(error.into()))?;
            let Some(page) = walk.page(&answer)? else { return Ok(()) };
            let next_offset = page.next_offset;
            let emitted = context.emitter.data(Outgoing::new(Output { answer, page: Some(page) })).await;
            emitted.map_err(|error| walk.interrupted(error))?;
            match walk.advance(next_offset) {
                Next::Page => {}
                Next::End => return Ok(()),
            }
        }
    }

    async fn call(&self, request: &Request, context: &Context<'_>) -> Result<Answer, CallError> {
        match self.podio.send(request, context.stop).await {
            Err(error) if self.dont_throw => error.into_answer(),
            answer => answer,
        }
    }
}

#[async_trait]
impl Action for CustomRequest {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let input = input::read(message.body(), self.podio.address(), self.safe_retries)?;
        if let Some(walk) = input.walk {
            return self.all_pages(walk, context).await;
        }
        let answer = self.call(&input.request, context).await?;
        context.emitter.data(Outgoing::new(Output { answer, page: None })).await
    }
}

/// The emitted body. It is written directly from Podio's answer, which saves a copy.
struct Output {
    answer: Answer,
    page: Option<PageInfo>,
}

impl WriteJson for Output {
    fn write_json(&self, out: &mut Vec<u8>) {
        let Self { answer, page } = self;
        let mut object = ObjectWriter::new(out);
        object.plain_field("statusCode").extend_from_slice(answer.status.as_str().as_bytes());
        answer.write_headers(object.plain_field("headers"));
        let encoding = answer.write_body(object.plain_field("responseBody"));
        if encoding == BodyEncoding::Base64 {
            object.text("responseBodyEncoding", "base64");
        }
        if let Some(page) = page {
            object.value("page", page);
        }
        object.end();
    }

    fn size_hint(&self) -> usize {
        /// Status, field names and typical headers.
        const REST: usize = 512;
        self.answer.len() + REST
    }
}
