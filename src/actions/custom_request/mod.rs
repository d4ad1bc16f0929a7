//! `customRequest` (and `makeRawRequest`, its name in older flows): any call of Podio's API.
//! In: `url`, `method`, `data` (or `body`), `pagination`. Out: `statusCode`, `headers`, `responseBody`, for binary
//! answers `responseBodyEncoding`, for pages `page` (contract, sections 8 and 10).

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    dispatcher::{Action, Context, Interruption},
    platform::{
        json::{WriteJson, write_value},
        message::{Message, Outgoing},
    },
    podio::{Answer, CallError, Podio, Request, StepConfig},
};

mod input;
mod pages;

use pages::{PageInfo, Walk};

/// The action, for one step.
pub(super) struct CustomRequest {
    podio: Arc<Podio>,
    safe_retries: bool,
    dont_throw: bool,
}

impl CustomRequest {
    pub(super) fn new(podio: Arc<Podio>, config: &StepConfig) -> Self {
        Self { podio, safe_retries: config.safe_retries, dont_throw: config.dont_throw }
    }

    /// Emits page after page, each as it arrives.
    async fn all_pages(&self, mut walk: Walk, context: &Context<'_>) -> Result<(), Interruption> {
        loop {
            let request = walk.request();
            let answer = self.call(&request, context).await.map_err(|error| walk.interrupted(error.into()))?;
            let page = walk.page(&answer)?;
            let next_offset = page.next_offset;
            let emitted = context.emitter.data(Outgoing::new(Output { answer, page: Some(page) })).await;
            emitted.map_err(|error| walk.interrupted(error))?;
            if !walk.advance(next_offset)? {
                return Ok(());
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

/// The emitted body, written from Podio's answer without a copy in between.
struct Output {
    answer: Answer,
    page: Option<PageInfo>,
}

impl WriteJson for Output {
    fn write_json(&self, out: &mut Vec<u8>) {
        let Self { answer, page } = self;
        out.extend_from_slice(b"{\"statusCode\":");
        out.extend_from_slice(answer.status.as_str().as_bytes());
        out.extend_from_slice(b",\"headers\":");
        answer.write_headers(out);
        out.extend_from_slice(b",\"responseBody\":");
        if answer.write_body(out) {
            out.extend_from_slice(b",\"responseBodyEncoding\":\"base64\"");
        }
        if let Some(page) = page {
            out.extend_from_slice(b",\"page\":");
            write_value(out, page);
        }
        out.push(b'}');
    }

    fn size_hint(&self) -> usize {
        /// Status, field names and the headers of a usual answer.
        const REST: usize = 512;
        self.answer.len() + REST
    }
}
