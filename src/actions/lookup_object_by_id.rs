//! `lookupObjectById`: one object of Podio, by the type that the step chose and the id that the message names.
//! In: `idValue`. Out: Podio's answer.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Method;

use super::object_types::{LOOKUP, read};
use crate::{
    dispatcher::{Action, Context, Failure, Interruption},
    platform::{
        json::WriteJson,
        message::{Message, Outgoing},
    },
    podio::{Answer, Podio, Request, StepConfig},
};

/// The action, for one step.
pub(super) struct LookupObjectById {
    podio: Arc<Podio>,
    object_type: Option<String>,
}

impl LookupObjectById {
    pub(super) fn new(podio: Arc<Podio>, config: &StepConfig) -> Self {
        Self { podio, object_type: config.object_type.clone() }
    }

    async fn execute(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let named = read(message.body(), LOOKUP, self.object_type.as_deref())?;
        let url = self.podio.address().resolve(&named.path).map_err(|error| Failure::new(error.to_string()))?;
        let request = Request::new(Method::GET, url);
        let answer = self.podio.send(&request, context.stop).await?;
        context.emitter.data(Outgoing::new(Found(answer))).await
    }
}

impl Action for LookupObjectById {
    fn run<'a>(
        &'a self,
        message: &'a Message<'a>,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Result<(), Interruption>> {
        Box::pin(self.execute(message, context))
    }
}

/// The object, as Podio answered it.
struct Found(Answer);

impl WriteJson for Found {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.0.write_body(out);
    }

    fn size_hint(&self) -> usize {
        self.0.len()
    }
}
