//! Everything that leaves the worker: data, errors and rebounds, with the headers, encodings, limits and routing keys
//! of the contract (sections 3, 4 and 6).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;

use super::{
    publish::{Unpublished, publish},
    rate_limit::RateLimit,
};
use crate::{
    amqp::{Properties, PublishError, Publisher},
    dispatcher::Failure,
    platform::{
        cipher::{Cipher, Encoding},
        error_message::{ErrorBody, error_input, error_payload, seal_error},
        headers::{self, ERROR_RESPONSE, Incoming, Origin, Table, Value, new_id},
        message::Outgoing,
    },
    settings::{EmitSettings, Identity},
};

/// Name of every error, as the reference's are called.
const ERROR_NAME: &str = "Error";
/// There is no stack trace to show; the reference says so in these words.
const NO_STACK: &str = "Not Available";
/// The error of a message that was handed back too often.
const REBOUND_LIMIT_EXCEEDED: &str = "Rebound limit exceeded";

/// Sends what the worker emits.
pub(super) struct Outbox {
    publisher: Publisher,
    cipher: Cipher,
    origin: Origin,
    settings: EmitSettings,
    data_limit: RateLimit,
    error_limit: RateLimit,
}

/// The message in work, as far as its emits need it.
pub(super) struct Source<'a> {
    /// Its headers.
    pub(super) incoming: &'a Incoming,
    /// Its body as it came.
    pub(super) body: &'a [u8],
    /// When work on it began.
    pub(super) start: i64,
}

/// What a rebound publishes again, beside the body.
pub(super) struct Received {
    /// All headers.
    pub(super) headers: Vec<(String, Value)>,
    /// All properties.
    pub(super) properties: Properties,
}

/// Milliseconds since the epoch.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Outbox {
    pub(super) fn new(publisher: Publisher, cipher: Cipher, identity: &Identity, settings: EmitSettings) -> Self {
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
        Self {
            origin: Origin::new(identity, settings.additional_headers.clone()),
            data_limit: RateLimit::new(settings.limits.data, settings.limits.interval),
            error_limit: RateLimit::new(settings.limits.error, settings.limits.interval),
            publisher,
            cipher,
            settings,
        }
    }

    pub(super) fn cipher(&self) -> &Cipher {
        &self.cipher
    }

    /// Emits a result.
    pub(super) async fn data(
        &self,
        source: &Source<'_>,
        message: &Outgoing,
        stop: &CancellationToken,
    ) -> Result<(), EmitFailure> {
        let version = self.settings.protocol_version;
        let payload = self.cipher.seal(message.to_json(), Encoding::of_version(version));
        let limit = self.settings.size_limit;
        if payload.len() > limit {
            return Err(EmitFailure::TooLarge { size: payload.len(), limit });
        }
        self.data_limit.pass().await;
        let id = message.id.to_string();
        let mut table = self.origin.emit(source.incoming, Value::text(&id), source.start, now_ms());
        table.push(("protocolVersion".into(), Value::I32(if version < 2 { 1 } else { 2 })));
        self.publish(&self.settings.keys.data, table, &payload, stop)
            .await
            .map_err(|reason| EmitFailure::Unpublished { id, reason })
    }

    /// Emits an error with what came in, and a copy to whoever waits for a reply.
    pub(super) async fn error(
        &self,
        source: &Source<'_>,
        failure: &Failure,
        stop: &CancellationToken,
    ) -> Result<(), Unpublished> {
        let sealed = self.seal(failure);
        let encoding = Encoding::of_version(source.incoming.protocol_version);
        let input = error_input(&self.cipher, source.body, encoding).ok();
        let payload = error_payload(&sealed, input.as_deref());
        self.error_limit.pass().await;
        let table = self.origin.emit(source.incoming, new_id(), source.start, now_ms());
        self.publish(&self.settings.keys.error, table.clone(), &payload, stop).await?;
        if let Some(key) = source.incoming.reply_key()
            && self.settings.error_replies
        {
            self.error_reply(&key, table, &sealed, stop).await?;
        }
        Ok(())
    }

    /// Hands the message back to the platform, to come again no earlier than after `wait`.
    ///
    /// `Ok(false)` when it was handed back too often already and an error was emitted instead.
    pub(super) async fn rebound(
        &self,
        source: &Source<'_>,
        received: Received,
        reason: &str,
        wait: Duration,
        stop: &CancellationToken,
    ) -> Result<bool, Unpublished> {
        let iteration = source.incoming.rebound_iteration + 1;
        if iteration > self.settings.rebound_limit {
            self.error(source, &Failure::new(REBOUND_LIMIT_EXCEEDED), stop).await?;
            return Ok(false);
        }
        let expiration = rebound_expiration(self.settings.rebound_expiration, iteration).max(wait);
        let table = headers::rebound(received.headers, reason, iteration, now_ms());
        let properties = received.properties.expiring(table, expiration);
        let key = &self.settings.keys.rebound;
        publish(&self.publisher, &self.settings.retry, key, properties, source.body, stop).await?;
        Ok(true)
    }

    /// Emits the error of a start that failed: it belongs to no message.
    pub(super) async fn startup_error(&self, failure: &Failure, stop: &CancellationToken) -> Result<(), Unpublished> {
        let payload = error_payload(&self.seal(failure), None);
        self.publish(&self.settings.keys.error, self.origin.startup_error(), &payload, stop).await
    }

    /// A reply that no queue takes is no failure: whoever waited for it is gone, and the error itself is safe.
    async fn error_reply(
        &self,
        key: &str,
        mut table: Table,
        sealed: &[u8],
        stop: &CancellationToken,
    ) -> Result<(), Unpublished> {
        table.push((ERROR_RESPONSE.into(), Value::Bool(true)));
        let properties = Properties::json(table.clone(), self.settings.persistent);
        match self.publisher.publish(key, &properties, sealed).await {
            Ok(()) => Ok(()),
            Err(error @ (PublishError::Returned(_) | PublishError::KeyTooLong)) => {
                tracing::warn!(%error, "the error's reply reached nobody");
                Ok(())
            }
            Err(_) => self.publish(key, table, sealed, stop).await,
        }
    }

    fn seal(&self, failure: &Failure) -> Vec<u8> {
        let error = ErrorBody { name: ERROR_NAME, message: failure.message(), stack: NO_STACK };
        seal_error(&self.cipher, &error)
    }

    async fn publish(
        &self,
        key: &str,
        table: Table,
        payload: &[u8],
        stop: &CancellationToken,
    ) -> Result<(), Unpublished> {
        let properties = Properties::json(table, self.settings.persistent);
        publish(&self.publisher, &self.settings.retry, key, properties, payload, stop).await
    }
}

/// 2^(iteration-1) times the initial expiration (contract, section 6).
fn rebound_expiration(initial: Duration, iteration: u64) -> Duration {
    let doublings = u32::try_from(iteration.saturating_sub(1)).unwrap_or(u32::MAX);
    initial.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
}

/// Why a result was not emitted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EmitFailure {
    /// Its payload is larger than the platform takes.
    TooLarge {
        /// Bytes of the payload.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// It reached no queue.
    Unpublished {
        /// The message's id.
        id: String,
        /// Why.
        reason: Unpublished,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebounds_expire_later_each_time() {
        let expirations: Vec<u64> =
            [1, 2, 3, 6].map(|iteration| rebound_expiration(Duration::from_secs(15), iteration).as_secs()).to_vec();
        assert_eq!(expirations, [15, 30, 60, 480]);
        assert!(rebound_expiration(Duration::from_secs(15), u64::MAX) > Duration::from_secs(1_000_000));
    }
}
