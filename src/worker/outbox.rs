//! Everything that leaves the worker, with the headers, encodings, limits and routing keys of the contract
//! (sections 3, 4 and 6). How results are put together is [`super::result`]'s.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{
    publish::{Unpublished, publish},
    rate_limit::RateLimit,
    seal::Seal,
};
use crate::{
    amqp::{Properties, Publisher},
    platform::{
        cipher::Encoding,
        headers::{Incoming, Origin, Table, Value, new_id},
    },
    settings::{EmitSettings, Identity},
};

mod failures;

/// Sends what the worker emits.
pub(super) struct Outbox {
    publisher: Publisher,
    origin: Origin,
    settings: EmitSettings,
    seal: Seal,
    data_limit: RateLimit,
    error_limit: RateLimit,
    snapshot_limit: RateLimit,
}

/// The message in work, as far as its emits need it.
pub(super) struct Source<'a> {
    /// Its headers.
    pub(super) incoming: &'a Incoming,
    /// All headers, as they came.
    pub(super) headers: &'a [(String, Value)],
    /// All properties, as they came.
    pub(super) properties: &'a Properties,
    /// Its body as it came.
    pub(super) body: &'a Bytes,
    /// When work on it began.
    pub(super) start: i64,
}

/// A result, ready but for its encryption.
pub(super) struct Ready {
    /// The AMQP header `messageId`.
    pub(super) id: String,
    /// The message as JSON.
    pub(super) json: Vec<u8>,
    /// A routing key other than the data routing key.
    pub(super) routing_key: Option<String>,
}

/// A snapshot replaces, or changes, what the platform keeps.
#[derive(Clone, Copy, Debug)]
pub(super) enum SnapshotEvent {
    Snapshot,
    UpdateSnapshot,
}

/// Milliseconds since the epoch.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Outbox {
    pub(super) fn new(publisher: Publisher, seal: Seal, identity: &Identity, settings: EmitSettings) -> Self {
        let identity = vec![
            ("execId", identity.exec_id.clone()),
            ("taskId", identity.flow_id.clone()),
            ("workspaceId", identity.workspace_id.clone()),
            ("containerId", identity.container_id.clone()),
            ("userId", identity.user_id.clone()),
            ("stepId", identity.step_id.clone()),
            ("compId", identity.comp_id.clone()),
            ("function", identity.function.clone()),
        ];
        let limits = settings.limits;
        Self {
            origin: Origin::new(identity, settings.additional_headers.clone()),
            data_limit: RateLimit::new(limits.data, limits.interval),
            error_limit: RateLimit::new(limits.error, limits.interval),
            snapshot_limit: RateLimit::new(limits.snapshot, limits.interval),
            publisher,
            seal,
            settings,
        }
    }

    /// Emits a result.
    pub(super) async fn data(
        &self,
        source: &Source<'_>,
        ready: Ready,
        stop: &CancellationToken,
    ) -> Result<(), EmitFailure> {
        let version = self.settings.protocol_version;
        let key = ready.routing_key.as_deref().unwrap_or(&self.settings.keys.data);
        let payload = self.sized(ready.json, Encoding::of_version(version))?;
        self.data_limit.pass().await;
        let end = now_ms();
        let table = || {
            let mut table = self.origin.emit(source.incoming, Value::text(&ready.id), source.start, end);
            table.push(("protocolVersion".into(), Value::I32(if version < 2 { 1 } else { 2 })));
            table
        };
        let published = self.publish(key, table, payload, stop).await;
        published.map_err(|reason| EmitFailure::Unpublished { id: ready.id.clone(), reason })
    }

    /// Answers whoever waits for a reply: always in protocol version 1.
    pub(super) async fn http_reply(
        &self,
        source: &Source<'_>,
        json: Vec<u8>,
        stop: &CancellationToken,
    ) -> Result<(), EmitFailure> {
        let key = source.incoming.reply_key().ok_or(EmitFailure::NoReplyTo)?;
        let payload = self.sized(json, Encoding::Base64)?;
        let (id, end) = (new_id(), now_ms());
        let table = || {
            let mut table = self.origin.emit(source.incoming, id.clone(), source.start, end);
            table.push(("protocolVersion".into(), Value::I32(1)));
            table
        };
        let published = self.publish(&key, table, payload, stop).await;
        published.map_err(|reason| EmitFailure::Unpublished { id: id.to_text(), reason })
    }

    /// Emits a snapshot, as plain JSON.
    pub(super) async fn snapshot(
        &self,
        source: &Source<'_>,
        event: SnapshotEvent,
        snapshot: &RawValue,
        stop: &CancellationToken,
    ) -> Result<(), EmitFailure> {
        self.snapshot_limit.pass().await;
        let event = match event {
            SnapshotEvent::Snapshot => "snapshot",
            SnapshotEvent::UpdateSnapshot => "updateSnapshot",
        };
        let (id, end) = (new_id(), now_ms());
        let table = || {
            let mut table = self.origin.emit(source.incoming, id.clone(), source.start, end);
            table.push(("snapshotEvent".into(), Value::text(event)));
            table
        };
        let payload = Bytes::copy_from_slice(snapshot.get().as_bytes());
        let published = self.publish(&self.settings.keys.snapshot, table, payload, stop).await;
        published.map_err(|reason| EmitFailure::Unpublished { id: id.to_text(), reason })
    }

    /// Seals a payload, unless it is too large for the platform.
    fn sized(&self, json: Vec<u8>, encoding: Encoding) -> Result<Bytes, EmitFailure> {
        let payload = self.seal.message(json, encoding);
        let (size, limit) = (payload.len(), self.settings.size_limit);
        if size > limit { Err(EmitFailure::TooLarge { size, limit }) } else { Ok(payload.into()) }
    }

    async fn publish(
        &self,
        key: &str,
        table: impl Fn() -> Table,
        payload: Bytes,
        stop: &CancellationToken,
    ) -> Result<(), Unpublished> {
        let properties = || Properties::json(table(), self.settings.persistent);
        publish(&self.publisher, &self.settings.retry, key, properties, payload, stop).await
    }
}

/// Why something was not emitted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EmitFailure {
    /// Its payload is larger than the platform takes.
    TooLarge {
        /// Bytes of the payload.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Nobody waits for a reply.
    NoReplyTo,
    /// It reached no queue.
    Unpublished {
        /// The message's id.
        id: String,
        /// Why.
        reason: Unpublished,
    },
}
