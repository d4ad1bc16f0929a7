//! `deleteObjectById`: deletes one object of Podio, by the type that the step chose and the id that the message names.
//! In: `idValue`. Out: `{ "id": idValue }`.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;

use super::object_types::{DELETE, read};
use crate::{
    dispatcher::{Action, Context, Failure, Interruption},
    platform::message::{Message, Outgoing},
    podio::{Podio, Request, StepConfig},
};

/// The action, for one step.
pub(super) struct DeleteObjectById {
    podio: Arc<Podio>,
    object_type: Option<String>,
}

impl DeleteObjectById {
    pub(super) fn new(podio: Arc<Podio>, config: &StepConfig) -> Self {
        Self { podio, object_type: config.object_type.clone() }
    }
}

#[async_trait]
impl Action for DeleteObjectById {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let named = read(message.body(), DELETE, self.object_type.as_deref())?;
        let url = self.podio.address().resolve(&named.path)?;
        let request = Request::new(Method::DELETE, url);
        self.podio.send(&request, context.stop).await?;
        let body = serde_json::value::RawValue::from_string(format!("{{\"id\":{}}}", named.id))
            .map_err(|_| Failure::new("The field \"idValue\" (ID Value) is not valid JSON."))?;
        context.emitter.data(Outgoing::new(body)).await
    }
}
