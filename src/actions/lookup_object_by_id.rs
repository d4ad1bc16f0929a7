//! `lookupObjectById`: one object of Podio, by the type that the step chose and the id that the message names.
//! In: `idValue`. Out: Podio's answer.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;

use super::object_types::{LOOKUP, read};
use crate::{
    dispatcher::{Action, Context, Interruption},
    platform::message::{Message, Outgoing},
    podio::{Podio, Request, StepConfig},
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
}

#[async_trait]
impl Action for LookupObjectById {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let named = read(message.body(), LOOKUP, self.object_type.as_deref())?;
        let url = self.podio.address().resolve(&named.path)?;
        let request = Request::new(Method::GET, url);
        let answer = self.podio.send(&request, context.stop).await?;
        context.emitter.data(Outgoing::new(answer)).await
    }
}
