//! `listOrganizations`: the organizations that the credential's user sees, each a result of its own.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::message::{Message, Outgoing},
};
use podio_component::rest::{ApiClient, Request, answer::Body};
use serde_json::value::RawValue;

/// The action, for one step.
pub(super) struct ListOrganizations {
    /// Podio with the step's credential.
    pub(super) podio: Arc<ApiClient>,
}

#[async_trait]
impl Action for ListOrganizations {
    async fn run(&self, _: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let url = self.podio.address().resolve("/org/")?;
        let answer = self.podio.send(&Request::get(url), context.stop).await?;
        let Body::Json(list) = answer.body() else {
            return Err(Failure::new("Podio's answer to GET /org/ is not a list.").into());
        };
        let organizations: Vec<Box<RawValue>> =
            serde_json::from_str(list.get()).map_err(|_| Failure::new("Podio's answer to GET /org/ is not a list."))?;
        for organization in organizations {
            context.emitter.data(Outgoing::new(organization)).await?;
        }
        Ok(())
    }
}
