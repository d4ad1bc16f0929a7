//! From an action's emit to the broker: headers, encoding, limits and routing keys (protocol, sections 3.3, 4 and 6).

use bytes::Bytes;
use serde_json::value::RawValue;

use super::received::Received;
use crate::{
    amqp::{Properties, Publisher},
    platform::{
        cipher::{Cipher, Encoding},
        headers::{EmitHeaders, SnapshotEvent, Table, Value, new_id},
        identity::Identity,
    },
    stop::Stop,
};

mod emit_error;
mod envelope;
mod failure;
mod message_emitter;
mod rate_limit;
mod republish;
mod settings;

pub(super) use emit_error::EmitError;
pub(super) use failure::Rebounded;
pub(super) use message_emitter::MessageEmitter;
pub(crate) use settings::EmitSettings;

use envelope::Envelope;
use rate_limit::RateLimit;
use republish::Republisher;

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

    /// Emits a result.
    async fn data(&self, received: &Received<'_>, envelope: Envelope) -> Result<(), EmitError> {
        let Envelope { id, json, routing_key } = envelope;
        let encoding = Encoding::of_version(self.settings.protocol_version);
        let key = routing_key.as_deref().unwrap_or(&self.settings.keys.data);
        let payload = self.encrypt(json, encoding)?;
        self.data_limit.pass().await;
        let times = received.times();
        let headers = || self.headers.data(received.incoming, Value::text(&id), times, encoding);
        let published = self.publish(key, headers, payload).await;
        published.map_err(|reason| EmitError::Unpublished { id: id.clone(), reason })
    }

    /// Replies to the sender that waits for it, always in protocol version 1.
    async fn http_reply(&self, received: &Received<'_>, json: Vec<u8>) -> Result<(), EmitError> {
        let key = received.incoming.reply_key().ok_or(EmitError::NoReplyTo)?;
        let payload = self.encrypt(json, Encoding::Base64)?;
        let (id, times) = (new_id(), received.times());
        let headers = || self.headers.http_reply(received.incoming, id.clone(), times);
        let published = self.publish(&key, headers, payload).await;
        published.map_err(|reason| EmitError::Unpublished { id: id.to_text(), reason })
    }

    /// Emits a snapshot, as plain JSON.
    async fn snapshot(
        &self,
        received: &Received<'_>,
        event: SnapshotEvent,
        snapshot: &RawValue,
    ) -> Result<(), EmitError> {
        self.snapshot_limit.pass().await;
        let (id, times) = (new_id(), received.times());
        let headers = || self.headers.snapshot(received.incoming, id.clone(), times, event);
        let payload = Bytes::copy_from_slice(snapshot.get().as_bytes());
        let published = self.publish(&self.settings.keys.snapshot, headers, payload).await;
        published.map_err(|reason| EmitError::Unpublished { id: id.to_text(), reason })
    }

    /// Encrypts a payload, unless the result is too large for the platform.
    fn encrypt(&self, json: Vec<u8>, encoding: Encoding) -> Result<Bytes, EmitError> {
        let payload = self.cipher.encrypt(json, encoding);
        let (size, limit) = (payload.len(), self.settings.size_limit);
        if size > limit { Err(EmitError::TooLarge { size, limit }) } else { Ok(payload.into()) }
    }

    async fn publish(
        &self,
        key: &str,
        headers: impl Fn() -> Table,
        payload: Bytes,
    ) -> Result<(), republish::Unpublished> {
        self.publisher.publish(key, || self.properties(headers()), payload).await
    }

    fn properties(&self, headers: Table) -> Properties {
        Properties::json(headers, self.settings.persistent)
    }
}
