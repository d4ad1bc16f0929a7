//! `completeTask`: completes a task. One that is complete already is a success.
//! In: `taskId`. Out: `task_id`, `status`; `recurring_task_id` of the task that follows a recurring one.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, ErrorCode, Failure, Interruption},
    platform::message::{Message, Outgoing},
};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use crate::{
    podio::{
        StepConfig,
        fields::Given,
        items::{Calls, ItemSettings, explained, object, read, write},
    },
    rest::{ApiClient, CallError},
};

/// Attempts to complete a task whose answers get lost, each after a look at the task.
const MAX_ATTEMPTS: u32 = 6;

/// The action, for one step.
pub(super) struct CompleteTask {
    podio: Arc<ApiClient>,
    settings: ItemSettings,
}

impl CompleteTask {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { podio, settings: config.items.clone() }
    }

    /// Completes the task. A recurring one makes its successor when it is completed, so nothing is repeated unless the
    /// task is seen to be open.
    async fn complete(&self, calls: Calls<'_>, id: u64) -> Result<Completed, Interruption> {
        let path = format!("/task/{id}/complete{}", write::options(&self.settings));
        let mut attempt = 1;
        loop {
            let error = match calls.post_once(&path, &json!({})).await {
                Ok(answer) => return Ok(read(&answer, "POST /task/…/complete").unwrap_or_default()),
                Err(error) => error,
            };
            // Podio's documentation does not say how it refuses to complete a task again.
            let is_lost = error.is_outcome_unknown();
            if !is_lost && !matches!(error.status(), Some(400 | 409)) {
                return Err(refused(error, id));
            }
            if is_complete(calls, id).await? {
                tracing::debug!(%error, "the task is complete");
                return Ok(Completed::default());
            }
            if !is_lost || attempt == MAX_ATTEMPTS {
                return Err(refused(error, id));
            }
            attempt += 1;
        }
    }
}

/// Podio's answer, which may be empty.
#[derive(Default, Deserialize)]
struct Completed {
    recurring_task_id: Option<u64>,
}

/// Whether a task is complete, as it says itself.
async fn is_complete(calls: Calls<'_>, id: u64) -> Result<bool, Interruption> {
    #[derive(Deserialize)]
    struct Task {
        status: String,
    }
    let answer = calls.get(&format!("/task/{id}")).await.map_err(|error| refused(error, id))?;
    let task: Task = read(&answer, "GET /task/…")?;
    Ok(task.status == "completed")
}

fn refused(error: CallError, id: u64) -> Interruption {
    let what = match error.status() {
        Some(404 | 410) => format!("There is no task {id}, or it was deleted."),
        Some(403) => format!("The credential may not complete the task {id}."),
        _ => format!("The task {id} was not completed."),
    };
    explained(error, &what)
}

#[async_trait]
impl Action for CompleteTask {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let id = task_id(message.body())?;
        let completed = self.complete(Calls::new(&self.podio, context.stop), id).await?;
        let mut result = json!({ "task_id": id, "status": "completed" });
        if let Some(next) = completed.recurring_task_id {
            result["recurring_task_id"] = next.into();
        }
        context.emitter.data(Outgoing::new(result)).await
    }
}

/// Reads `taskId`: a whole number, given as a number or as text.
fn task_id(body: Option<&RawValue>) -> Result<u64, Failure> {
    let fields = object(body)?;
    let given = fields.get("taskId").map(Given::new).filter(|given| !given.is_empty());
    let given = given
        .ok_or_else(|| Failure::input("The field \"taskId\" (Task ID) is missing: give a task's number in Podio."))?;
    given.whole().ok_or_else(|| {
        let unfit = given.must_be("a task's number in Podio");
        Failure::with_log(
            format!("The field \"taskId\" (Task ID) {unfit}."),
            "the field \"taskId\" is not a task's number",
        )
        .with_code(ErrorCode::InvalidInput)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_id_is_a_whole_number() {
        let id = |text: &str| {
            let raw = RawValue::from_string(text.to_owned()).expect("JSON");
            task_id(Some(&raw)).map_err(|failure| failure.message().to_owned())
        };
        assert_eq!(id(r#"{"taskId":220000001}"#), Ok(220_000_001));
        assert_eq!(id(r#"{"taskId":"220000001"}"#), Ok(220_000_001));
        for bad in ["{}", r#"{"taskId":""}"#, r#"{"taskId":"1/complete"}"#, r#"{"taskId":-1}"#, r#"{"taskId":[1]}"#] {
            assert!(id(bad).expect_err(bad).contains("\"taskId\" (Task ID)"), "{bad}");
        }
    }
}
