//! `newOrganizations`: the organizations that are new since the last poll, each a result of its own.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, FlowType, Interruption},
    platform::message::{Message, Outgoing},
};
use podio_component::rest::{ApiClient, Request, answer::Body};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// The trigger, for one step.
pub(super) struct NewOrganizations {
    /// Podio with the step's credential.
    pub(super) podio: Arc<ApiClient>,
}

/// What the step remembers. Podio counts ids up, so what is new has a higher one.
#[derive(Default, Deserialize, Serialize)]
struct Position {
    #[serde(default)]
    highest_id: u64,
}

#[derive(Deserialize)]
struct Head {
    org_id: u64,
}

/// The organizations of Podio's answer that are new, and the position after them.
fn new_since(position: &Position, answer: &str) -> serde_json::Result<(Vec<Box<RawValue>>, Position)> {
    let (mut new, mut highest_id) = (Vec::new(), position.highest_id);
    for organization in serde_json::from_str::<Vec<Box<RawValue>>>(answer)? {
        let Head { org_id } = serde_json::from_str(organization.get())?;
        if org_id > position.highest_id {
            highest_id = highest_id.max(org_id);
            new.push(organization);
        }
    }
    Ok((new, Position { highest_id }))
}

#[async_trait]
impl Action for NewOrganizations {
    async fn run(&self, _: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        // A snapshot of another kind counts as none: the poll begins anew.
        let before: Position = context.snapshot.read().unwrap_or_default();
        let url = self.podio.address().resolve("/org/")?;
        let answer = self.podio.send(&Request::get(url), context.stop).await?;
        let unreadable = || Failure::new("Podio's answer to GET /org/ is not a list of organizations.");
        let Body::Json(list) = answer.body() else { return Err(unreadable().into()) };
        let (new, after) = new_since(&before, list.get()).map_err(|_| unreadable())?;
        if new.is_empty() {
            return Ok(());
        }
        for organization in new {
            context.emitter.data(Outgoing::new(organization)).await?;
        }
        if context.flow_type == FlowType::Debug {
            return Ok(()); // The builder has retrieved a sample: nothing is remembered.
        }
        let snapshot = to_raw_value(&after).map_err(|error| Failure::new(error.to_string()))?;
        context.emitter.snapshot(snapshot).await // Last: a crash before it repeats the results and skips none.
    }
}
