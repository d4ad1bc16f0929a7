//! `createTask`: creates a task, alone or on an item, an app, a space or a status.
//! In: `text`, `description`, `dueDate`, `dueTime`, `responsible`, `labels`, `refType`, `refId`, `fileIds`.
//! Out: Podio's task; with several people, a result for the task of each.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::{
        json::{Kind, RawText},
        message::{Message, Outgoing},
    },
};
use serde_json::value::RawValue;

use crate::{
    podio::{
        StepConfig,
        items::{Calls, ItemSettings, explained, write},
    },
    rest::{ApiClient, answer::Body},
};

mod input;

/// The action, for one step.
pub(super) struct CreateTask {
    podio: Arc<ApiClient>,
    settings: ItemSettings,
    safe_retries: bool,
}

impl CreateTask {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { podio, settings: config.items.clone(), safe_retries: config.safe_retries }
    }
}

#[async_trait]
impl Action for CreateTask {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let task = input::read(message.body())?;
        let path = format!("{}{}", task.path, write::options(&self.settings));
        let calls = Calls::new(&self.podio, context.stop);
        let answer = if self.safe_retries {
            calls.post_once(&path, &task.body).await
        } else {
            calls.post(&path, &task.body).await
        };
        let answer = answer.map_err(|error| {
            let what = match error.status() {
                Some(404 | 410) => "There is no such object for the task (refType, refId).",
                Some(403) => "The credential may not create this task.",
                _ if error.is_outcome_unknown() => "The task may have been created, or not.",
                _ => "No task was created.",
            };
            explained(error, what)
        })?;
        let Body::Json(created) = answer.body() else {
            return Err(no_task().into());
        };
        if Kind::of(created) != Kind::Array {
            return context.emitter.data(Outgoing::new(answer)).await;
        }
        let tasks: Vec<&RawValue> = serde_json::from_str(created.get()).map_err(|_| no_task())?;
        for task in tasks {
            context.emitter.data(Outgoing::new(RawText(task.get().as_bytes().to_vec()))).await?;
        }
        Ok(())
    }
}

fn no_task() -> Failure {
    Failure::new(
        "The task was created, but Podio's answer to the call is not a task. Look for it in Podio before you send it again.",
    )
}
