//! What an action emits into while it works on one message.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{
    outbox::{EmitFailure, Outbox, SnapshotEvent, Source},
    publish::{Stopped, Unpublished},
    result,
    step::Step,
};
use crate::{
    dispatcher::{Emitter, Failure, HttpReply, Interruption},
    platform::{bodies::BodyError, json::write_value, message::Outgoing, passthrough::Passthrough},
};

/// Emits for one message.
pub(super) struct MessageEmitter<'a> {
    pub(super) outbox: &'a Outbox,
    pub(super) step: &'a Step,
    pub(super) source: &'a Source<'a>,
    pub(super) passthrough: Option<Passthrough<'a>>,
    pub(super) stop: &'a CancellationToken,
    /// Whether the action emitted an error: the message is rejected then.
    pub(super) failed: AtomicBool,
}

#[async_trait]
impl Emitter for MessageEmitter<'_> {
    async fn data(&self, message: Outgoing) -> Result<(), Interruption> {
        let threshold = self.step.lightweight_threshold;
        let ready = result::ready(message, self.passthrough.as_ref(), threshold, &self.step.bodies).await?;
        Ok(self.outbox.data(self.source, ready, self.stop).await?)
    }

    async fn error(&self, failure: Failure) -> Result<(), Interruption> {
        self.failed.store(true, Ordering::Relaxed);
        let message_id = self.source.incoming.message_key();
        tracing::error!(message_id, error = %failure, "the action emitted an error");
        self.outbox.error(self.source, &failure, self.stop).await.map_err(|Stopped| Interruption::Stopped)
    }

    async fn snapshot(&self, snapshot: Box<RawValue>) -> Result<(), Interruption> {
        Ok(self.outbox.snapshot(self.source, SnapshotEvent::Snapshot, &snapshot, self.stop).await?)
    }

    async fn update_snapshot(&self, changes: Box<RawValue>) -> Result<(), Interruption> {
        Ok(self.outbox.snapshot(self.source, SnapshotEvent::UpdateSnapshot, &changes, self.stop).await?)
    }

    async fn update_keys(&self, keys: Box<RawValue>) -> Result<(), Interruption> {
        let account = self
            .step
            .account
            .as_ref()
            .ok_or_else(|| Failure::new("The step's config has no \"_account\", so new keys cannot be stored."))?;
        let stored = self.step.api.update_account(account, &keys).await;
        stored.map_err(|error| Failure::new(format!("The credential's new keys could not be stored: {error}.")).into())
    }

    async fn http_reply(&self, reply: HttpReply) -> Result<(), Interruption> {
        let mut json = Vec::with_capacity(reply.body.size_hint() + 64);
        json.extend_from_slice(format!("{{\"statusCode\":{},\"headers\":", reply.status_code).as_bytes());
        write_value(&mut json, &reply.headers);
        json.extend_from_slice(b",\"body\":");
        reply.body.write_json(&mut json);
        json.push(b'}');
        Ok(self.outbox.http_reply(self.source, json, self.stop).await?)
    }
}

impl From<BodyError> for Interruption {
    fn from(error: BodyError) -> Self {
        Failure::with_log(error.to_string(), format!("{error}: {}", error.reason())).into()
    }
}

impl From<EmitFailure> for Interruption {
    fn from(failure: EmitFailure) -> Self {
        match failure {
            EmitFailure::TooLarge { size, limit } => {
                let text = format!("Outgoing message size {size} exceeds limit of {limit}.");
                let advice = "Ask for less at once, or raise ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT";
                Failure::with_log(text.clone(), format!("{text} {advice}")).into()
            }
            EmitFailure::NoReplyTo => {
                Failure::new("Component emitted 'httpReply' event but 'reply_to' was not found in AMQP headers").into()
            }
            EmitFailure::Unpublished { reason: Unpublished::Stopped, .. } => Self::Stopped,
            EmitFailure::Unpublished { id, reason: Unpublished::Failed(error) } => {
                Failure::new(format!("Failed on publishing {id} message to MQ: {error}")).into()
            }
        }
    }
}
