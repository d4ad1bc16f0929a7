//! How emits are published: routing keys, limits, encoding, retries (protocol, sections 1.17 to 1.21).

use std::time::Duration;

use crate::settings::{Reader, variables as v};

/// Routing keys on the platform's exchange.
#[derive(Clone, Debug)]
pub(crate) struct RoutingKeys {
    /// `ELASTICIO_DATA_ROUTING_KEY`
    pub(crate) data: String,
    /// `ELASTICIO_ERROR_ROUTING_KEY`
    pub(crate) error: String,
    /// `ELASTICIO_REBOUND_ROUTING_KEY`
    pub(crate) rebound: String,
    /// `ELASTICIO_SNAPSHOT_ROUTING_KEY`
    pub(crate) snapshot: String,
}

/// How a failed publish is retried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublishRetry {
    /// `ELASTICIO_AMQP_PUBLISH_RETRY_DELAY`: doubles with every attempt.
    pub(crate) delay: Duration,
    /// `ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY`: upper bound of that delay.
    pub(crate) max_delay: Duration,
    /// `ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS`: attempts, including the first; `None` = unlimited.
    pub(crate) attempts: Option<u32>,
}

/// How many emits of each kind may be published in any window of the interval's length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimits {
    /// `ELASTICIO_DATA_RATE_LIMIT`
    pub(crate) data: usize,
    /// `ELASTICIO_ERROR_RATE_LIMIT`
    pub(crate) error: usize,
    /// `ELASTICIO_SNAPSHOT_RATE_LIMIT`
    pub(crate) snapshot: usize,
    /// `ELASTICIO_RATE_INTERVAL`
    pub(crate) interval: Duration,
}

/// How emits are published.
#[derive(Clone, Debug)]
pub(crate) struct EmitSettings {
    /// Routing keys on the exchange.
    pub(crate) keys: RoutingKeys,
    /// Retries of failed publishes.
    pub(crate) retry: PublishRetry,
    /// Rate limits per kind of emit.
    pub(crate) limits: RateLimits,
    /// `ELASTICIO_AMQP_PERSISTENT_MESSAGES`
    pub(crate) persistent: bool,
    /// `ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT`, bytes of the encoded payload.
    pub(crate) size_limit: usize,
    /// `ELASTICIO_PROTOCOL_VERSION`: the encoding of results.
    pub(crate) protocol_version: u64,
    /// `ELASTICIO_NO_SELF_PASSTRHOUGH`
    pub(crate) no_self_passthrough: bool,
    /// `ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE` with `ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD` in bytes; `None` = off.
    pub(crate) lightweight_threshold: Option<usize>,
    /// Not `ELASTICIO_NO_ERROR_REPLIES`.
    pub(crate) error_replies: bool,
    /// `ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS`, as (header name, value).
    pub(crate) additional_headers: Vec<(String, String)>,
    /// `ELASTICIO_REBOUND_INITIAL_EXPIRATION`
    pub(crate) rebound_expiration: Duration,
    /// `ELASTICIO_REBOUND_LIMIT`
    pub(crate) rebound_limit: u64,
}

impl EmitSettings {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            keys: RoutingKeys {
                data: reader.name(v::DATA_ROUTING_KEY),
                error: reader.name(v::ERROR_ROUTING_KEY),
                rebound: reader.name(v::REBOUND_ROUTING_KEY),
                snapshot: reader.name(v::SNAPSHOT_ROUTING_KEY),
            },
            retry: PublishRetry {
                delay: reader.millis(v::AMQP_PUBLISH_RETRY_DELAY),
                max_delay: reader.millis(v::AMQP_PUBLISH_MAX_RETRY_DELAY),
                attempts: reader
                    .given_count(v::AMQP_PUBLISH_RETRY_ATTEMPTS)
                    .map(|attempts| u32::try_from(attempts).unwrap_or(u32::MAX)),
            },
            limits: RateLimits {
                data: reader.bounded(v::DATA_RATE_LIMIT, usize::MAX),
                error: reader.bounded(v::ERROR_RATE_LIMIT, usize::MAX),
                snapshot: reader.bounded(v::SNAPSHOT_RATE_LIMIT, usize::MAX),
                interval: reader.millis(v::RATE_INTERVAL),
            },
            persistent: reader.flag(v::AMQP_PERSISTENT_MESSAGES),
            size_limit: reader.bounded(v::OUTGOING_MESSAGE_SIZE_LIMIT, usize::MAX),
            protocol_version: protocol_version(reader),
            no_self_passthrough: reader.flag(v::NO_SELF_PASSTHROUGH),
            lightweight_threshold: reader
                .flag(v::EMIT_LIGHTWEIGHT_MESSAGE)
                .then(|| reader.bounded(v::OBJECT_STORAGE_SIZE_THRESHOLD, usize::MAX)),
            error_replies: !reader.flag(v::NO_ERROR_REPLIES),
            additional_headers: reader.additional_headers(),
            rebound_expiration: reader.millis(v::REBOUND_INITIAL_EXPIRATION),
            rebound_limit: reader.count(v::REBOUND_LIMIT),
        }
    }
}

fn protocol_version(reader: &mut Reader<'_>) -> u64 {
    let version = reader.count(v::PROTOCOL_VERSION);
    if version > 2 {
        reader.problem(v::PROTOCOL_VERSION, "must be 1 or 2");
    }
    version
}
