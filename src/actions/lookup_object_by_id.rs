//! `lookupObjectById`: gets the Podio object with the step's object type and the message's id.
//! In: `idValue`. Out: Podio's answer; an item also has `fieldsByName`.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::{
        json::RawText,
        message::{Message, Outgoing},
    },
    stop::Stop,
};
use serde_json::Value;

use super::object_types::{ITEM, LOOKUP, ObjectRef, choices};
use crate::{
    podio::{StepConfig, items::emitted::written_item},
    rest::{ApiClient, Request, answer::Body},
};

/// The action, for one step.
pub(super) struct LookupObjectById {
    podio: Arc<ApiClient>,
    object_type: Option<String>,
}

impl LookupObjectById {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { podio, object_type: config.object_type.clone() }
    }
}

#[async_trait]
impl Action for LookupObjectById {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let object_ref = ObjectRef::read(message.body(), LOOKUP, self.object_type.as_deref())?;
        let url = self.podio.address().resolve(&object_ref.path)?;
        let answer = self.podio.send(&Request::get(url), context.stop).await?;
        let outgoing = match answer.body() {
            Body::Json(item) if self.object_type.as_deref() == Some(ITEM) => {
                Outgoing::new(RawText(written_item(item, None)))
            }
            _ => Outgoing::new(answer),
        };
        context.emitter.data(outgoing).await
    }

    async fn choices(&self, method: &str, _: &Stop) -> Result<Option<Value>, Failure> {
        Ok((method == "getLookupByIdObjects").then(|| choices(LOOKUP)))
    }
}
