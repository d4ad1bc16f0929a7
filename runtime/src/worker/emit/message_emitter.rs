//! The emitter that an action gets for one message.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use serde_json::value::RawValue;

use super::{EmitError, Emits, envelope};
use crate::{
    dispatcher::{Emitter, Failure, HttpReply, Interruption},
    large,
    platform::{
        cipher::encrypted_size, headers::SnapshotEvent, json::ObjectWriter, message::Outgoing, passthrough::Passthrough,
    },
    worker::{events::ErrorEmitted, received::Received, step::StepContext},
};

/// Bytes to reserve for what is around the body of a reply.
const REPLY_ENVELOPE: usize = 64;

/// Emits for one message.
pub(in crate::worker) struct MessageEmitter<'a> {
    emits: &'a Emits,
    step: &'a StepContext,
    received: &'a Received<'a>,
    passthrough: Option<Passthrough<'a>>,
    emitted_error: AtomicBool,
    results: AtomicU32,
}

impl<'a> MessageEmitter<'a> {
    pub(in crate::worker) fn new(
        emits: &'a Emits,
        step: &'a StepContext,
        received: &'a Received<'a>,
        passthrough: Option<Passthrough<'a>>,
    ) -> Self {
        Self { emits, step, received, passthrough, emitted_error: AtomicBool::new(false), results: AtomicU32::new(0) }
    }

    /// How many results the action emitted.
    pub(in crate::worker) fn results(&self) -> u32 {
        self.results.load(Ordering::Relaxed)
    }

    /// Emits a snapshot or its changes; the process's copy follows once they are confirmed.
    async fn change_snapshot(&self, event: SnapshotEvent, emitted: &RawValue) -> Result<(), Interruption> {
        let current = &self.step.snapshot;
        let whole = current.newest().raw().get().len() + emitted.get().len();
        let _memory = large::claim(whole).await.map_err(EmitError::from)?;
        let emit = async { Ok(self.emits.snapshot(self.received, event, emitted).await?) };
        current.change(event, emitted, emit).await
    }

    /// Whether the action emitted an error, so that the message is rejected in the end.
    pub(in crate::worker) fn emitted_error(&self) -> bool {
        self.emitted_error.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Emitter for MessageEmitter<'_> {
    async fn data(&self, message: Outgoing) -> Result<(), Interruption> {
        let limits = self.emits.limits(self.step.lightweight_threshold);
        let envelope = envelope::compose(message, self.passthrough.as_ref(), limits, &self.step.bodies).await?;
        self.emits.data(self.received, envelope).await?;
        self.results.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn error(&self, failure: Failure) -> Result<(), Interruption> {
        self.emitted_error.store(true, Ordering::Relaxed);
        ErrorEmitted { failure: &failure }.emit();
        Ok(self.emits.error(self.received, &failure).await?)
    }

    async fn snapshot(&self, snapshot: Box<RawValue>) -> Result<(), Interruption> {
        self.change_snapshot(SnapshotEvent::Snapshot, &snapshot).await
    }

    async fn update_snapshot(&self, changes: Box<RawValue>) -> Result<(), Interruption> {
        self.change_snapshot(SnapshotEvent::UpdateSnapshot, &changes).await
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
        let size = encrypted_size(reply.body.size_hint() + REPLY_ENVELOPE);
        let _memory = large::claim(size).await.map_err(EmitError::from)?;
        let mut json = Vec::with_capacity(size);
        let mut object = ObjectWriter::new(&mut json);
        object.value("statusCode", &reply.status_code);
        object.value("headers", &reply.headers);
        reply.body.write_json(object.field("body"));
        object.end();
        Ok(self.emits.http_reply(self.received, json).await?)
    }
}
