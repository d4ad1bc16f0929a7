//! What an action emits into while it works on one message.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{
    outbox::{EmitFailure, Outbox, SnapshotEvent, Source},
    publish::Unpublished,
    result,
    step::Step,
};
use crate::{
    dispatcher::{Emitter, Failure, HttpReply, Interruption},
    platform::{
        bodies::BodyError,
        json::{write_string, write_value},
        message::Outgoing,
        passthrough::Passthrough,
    },
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

impl MessageEmitter<'_> {
    async fn emit_data(&self, message: Outgoing) -> Result<(), Interruption> {
        let threshold = self.step.lightweight_threshold;
        let ready = result::ready(message, self.passthrough.as_ref(), threshold, &self.step.bodies).await?;
        Ok(self.outbox.data(self.source, ready, self.stop).await?)
    }

    async fn emit_error(&self, failure: Failure) -> Result<(), Interruption> {
        self.failed.store(true, Ordering::Relaxed);
        tracing::error!(message_id = self.source.incoming.message_key(), error = %failure, "the action emitted an error");
        self.outbox.error(self.source, &failure, self.stop).await.map_err(|reason| match reason {
            Unpublished::Stopped => Interruption::Stopped,
            Unpublished::Failed(error) => Failure::new(format!("Failed on publishing an error to MQ: {error}")).into(),
        })
    }

    async fn emit_snapshot(&self, event: SnapshotEvent, snapshot: Box<RawValue>) -> Result<(), Interruption> {
        Ok(self.outbox.snapshot(self.source, event, &snapshot, self.stop).await?)
    }

    async fn emit_reply(&self, reply: HttpReply) -> Result<(), Interruption> {
        let mut json = Vec::with_capacity(reply.body.size_hint() + 64);
        json.extend_from_slice(format!("{{\"statusCode\":{},\"headers\":", reply.status_code).as_bytes());
        write_value(&mut json, &reply.headers);
        json.push(b',');
        write_string(&mut json, "body");
        json.push(b':');
        reply.body.write_json(&mut json);
        json.push(b'}');
        Ok(self.outbox.http_reply(self.source, json, self.stop).await?)
    }

    async fn store_keys(&self, keys: Box<RawValue>) -> Result<(), Interruption> {
        let Some(account) = &self.step.account else {
            return Err(Failure::new("The step's config has no \"_account\", so new keys cannot be stored.").into());
        };
        self.step
            .api
            .update_account(account, &keys)
            .await
            .map_err(|error| Failure::new(format!("The credential's new keys could not be stored: {error}.")).into())
    }
}

impl Emitter for MessageEmitter<'_> {
    fn data(&self, message: Outgoing) -> BoxFuture<'_, Result<(), Interruption>> {
        Box::pin(self.emit_data(message))
    }

    fn error(&self, failure: Failure) -> BoxFuture<'_, Result<(), Interruption>> {
        Box::pin(self.emit_error(failure))
    }

    fn snapshot(&self, snapshot: Box<RawValue>) -> BoxFuture<'_, Result<(), Interruption>> {
        Box::pin(self.emit_snapshot(SnapshotEvent::Snapshot, snapshot))
    }

    fn update_snapshot(&self, changes: Box<RawValue>) -> BoxFuture<'_, Result<(), Interruption>> {
        Box::pin(self.emit_snapshot(SnapshotEvent::UpdateSnapshot, changes))
    }

    fn update_keys(&self, keys: Box<RawValue>) -> BoxFuture<'_, Result<(), Interruption>> {
        Box::pin(self.store_keys(keys))
    }

    fn http_reply(&self, reply: HttpReply) -> BoxFuture<'_, Result<(), Interruption>> {
        Box::pin(self.emit_reply(reply))
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
            EmitFailure::TooLarge { size, limit } => Failure::new(format!(
                "Outgoing message size {size} exceeds limit of {limit}. Ask for less at once, or raise \
                 ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT."
            ))
            .into(),
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
