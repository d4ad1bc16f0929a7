//! `deleteObjectById`: deletes the Podio object with the step's object type and the message's id.
//! In: `idValue`. Out: `{ "id": idValue }`; `{}` for an object that is gone, if the step says so.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::{
        json::{ObjectWriter, RawText},
        message::{Message, Outgoing},
    },
    stop::Stop,
};
use serde_json::Value;

use super::object_types::{DELETE, ObjectRef, choices};
use crate::{
    podio::StepConfig,
    rest::{ApiClient, Request},
};

/// The action, for one step.
pub(super) struct DeleteObjectById {
    podio: Arc<ApiClient>,
    object_type: Option<String>,
    empty_if_gone: bool,
}

impl DeleteObjectById {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { podio, object_type: config.object_type.clone(), empty_if_gone: config.empty_if_gone }
    }
}

#[async_trait]
impl Action for DeleteObjectById {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let object_ref = ObjectRef::read(message.body(), DELETE, self.object_type.as_deref())?;
        let url = self.podio.address().resolve(&object_ref.path)?;
        match self.podio.send(&Request::delete(url), context.stop).await {
            Err(error) if error.is_deleted_before() => tracing::debug!(%error, "the object is gone already"),
            Err(error) if self.empty_if_gone && matches!(error.status(), Some(404 | 410)) => {
                tracing::debug!(%error, "there is no such object to delete");
                return context.emitter.data(Outgoing::new(RawText(b"{}".to_vec()))).await;
            }
            answer => drop(answer?),
        }
        let mut body = Vec::new();
        let mut object = ObjectWriter::new(&mut body);
        object.raw("id", object_ref.id);
        object.end();
        context.emitter.data(Outgoing::new(RawText(body))).await
    }
    async fn choices(&self, method: &str, _: &Stop) -> Result<Option<Value>, Failure> {
        Ok((method == "getDeleteByIdObjects").then(|| choices(DELETE)))
    }
}
