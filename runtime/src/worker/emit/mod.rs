//! From an action's emit to the broker: headers, encoding, limits and routing keys (protocol, sections 3.3, 4 and 6).

use bytes::Bytes;
use serde_json::value::RawValue;

use super::received::Received;
use crate::{
    amqp::{Properties, Publisher},
    large,
    platform::{
        cipher::{Cipher, Encoding},
        headers::{EmitHeaders, SnapshotEvent, Table, Value, new_id},
        identity::Identity,
    },
    stop::Stop,
};

mod emit_error;
mod envelope;
mod events;
mod failure;
mod message_emitter;
mod rate_limit;
mod republish;
mod settings;

pub(super) use emit_error::EmitError;
pub(super) use failure::Rebounded;
pub(super) use message_emitter::MessageEmitter;
pub(super) use republish::Unpublished;
pub(crate) use settings::EmitSettings;

use envelope::{Envelope, Limits};
use events::Kind;
use rate_limit::RateLimit;
use republish::Republisher;

/// Bytes of `x-eio-meta-*` headers from which on it is looked at whether those of a result have room beside them.
const LARGE_META: usize = 2048;

/// Copies of a payload that is published: the payload itself, kept until its confirm, and lapin's frames.
const COPIES_TO_PUBLISH: usize = 2;

/// Emits for all messages of a worker.
pub(super) struct Emits {
    publisher: Republisher,
    headers: EmitHeaders,
    settings: EmitSettings,
    cipher: std::sync::Arc<Cipher>,
    data_limit: RateLimit,
    error_limit: RateLimit,
    snapshot_limit: RateLimit,
}

impl Emits {
    /// `stop` cuts the waits between attempts to publish short.
    pub(super) fn new(
        publisher: Publisher,
        cipher: std::sync::Arc<Cipher>,
        identity: &Identity,
        settings: EmitSettings,
        stop: Stop,
    ) -> Self {
        let limits = settings.limits;
        Self {
            publisher: Republisher::new(publisher, settings.retry, stop),
            headers: EmitHeaders::new(identity, &settings.additional_headers),
            data_limit: RateLimit::new(limits.data, limits.interval),
            error_limit: RateLimit::new(limits.error, limits.interval),
            snapshot_limit: RateLimit::new(limits.snapshot, limits.interval),
            cipher,
            settings,
        }
    }

    /// Refuses a message whose `x-eio-meta-*` headers leave no room for those of its result.
    pub(super) fn expect_room_for_headers(&self, received: &Received<'_>) -> Result<(), EmitError> {
        let size: usize = received.incoming.meta.iter().map(|(name, value)| name.len() + value.size()).sum();
        if size < LARGE_META {
            return Ok(());
        }
        let (id, times) = (new_id(), received.times());
        let encoding = Encoding::of_version(self.settings.protocol_version);
        let properties = self.properties(self.headers.data(received.incoming, id.clone(), times, encoding));
        let fits = self.publisher.fit(&properties.retried(u32::MAX));
        fits.map_err(|error| EmitError::Unpublished { id: id.to_text(), reason: Unpublished::Failed(error) })
    }

    /// What bounds a result; `lightweight`: total bytes of its bodies above which they go to object storage.
    fn limits(&self, lightweight: Option<usize>) -> Limits {
        let encoding = Encoding::of_version(self.settings.protocol_version);
        Limits { lightweight, size: self.settings.size_limit, encoding }
    }

    /// Emits a result.
    async fn data(&self, received: &Received<'_>, envelope: Envelope) -> Result<(), EmitError> {
        let Envelope { id, json, routing_key, memory: _memory } = envelope;
        let encoding = Encoding::of_version(self.settings.protocol_version);
        let key = routing_key.as_deref().unwrap_or(&self.settings.keys.data);
        let payload = self.encrypt(json, encoding)?;
        let _frames = large::claim(payload.len()).await?;
        self.data_limit.pass().await;
        let times = received.times();
        let headers = || self.headers.data(received.incoming, Value::text(&id), times, encoding);
        let published = self.publish(Kind::Data, key, headers, payload).await;
        published.map_err(|reason| EmitError::Unpublished { id: id.clone(), reason })
    }

    /// Replies to the sender that waits for it, always in protocol version 1.
    async fn http_reply(&self, received: &Received<'_>, json: Vec<u8>) -> Result<(), EmitError> {
        let key = received.incoming.reply_key().ok_or(EmitError::NoReplyTo)?;
        let payload = self.encrypt(json, Encoding::Base64)?;
        let _frames = large::claim(payload.len()).await?;
        let (id, times) = (new_id(), received.times());
        let headers = || self.headers.http_reply(received.incoming, id.clone(), times);
        let published = self.publish(Kind::Reply, &key, headers, payload).await;
        published.map_err(|reason| EmitError::Unpublished { id: id.to_text(), reason })
    }

    /// Emits a snapshot, as plain JSON.
    async fn snapshot(
        &self,
        received: &Received<'_>,
        event: SnapshotEvent,
        snapshot: &RawValue,
    ) -> Result<(), EmitError> {
        let _memory = large::claim(snapshot.get().len() * COPIES_TO_PUBLISH).await?;
        self.snapshot_limit.pass().await;
        let (id, times) = (new_id(), received.times());
        let headers = || self.headers.snapshot(received.incoming, id.clone(), times, event);
        let payload = Bytes::copy_from_slice(snapshot.get().as_bytes());
        let published = self.publish(Kind::Snapshot, &self.settings.keys.snapshot, headers, payload).await;
        published.map_err(|reason| EmitError::Unpublished { id: id.to_text(), reason })
    }

    /// Encrypts a payload, unless the result is too large for the platform.
    fn encrypt(&self, json: Vec<u8>, encoding: Encoding) -> Result<Bytes, EmitError> {
        allow(json.len(), encoding, self.settings.size_limit)?;
        Ok(self.cipher.encrypt(json, encoding).into())
    }

    async fn publish(
        &self,
        kind: Kind,
        key: &str,
        headers: impl Fn() -> Table,
        payload: Bytes,
    ) -> Result<(), Unpublished> {
        self.publisher.publish(kind, key, || self.properties(headers()), payload).await
    }

    fn properties(&self, headers: Table) -> Properties {
        Properties::json(headers, self.settings.persistent)
    }
}

/// Refuses JSON of so many bytes if it has more than `limit` once it is encrypted.
fn allow(json: usize, encoding: Encoding, limit: usize) -> Result<(), EmitError> {
    let size = encoding.payload_size(json);
    if size > limit { Err(EmitError::TooLarge { size, limit }) } else { Ok(()) }
}
