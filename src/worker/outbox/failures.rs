//! What leaves the worker when a message did not succeed: errors, error replies, rebounds (contract, section 6).

use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::{
    super::publish::{Stopped, Unpublished, publish_outcome, publish_unless},
    Outbox, Source, now_ms,
};
use crate::{
    amqp::{Properties, PublishError},
    dispatcher::Failure,
    platform::headers::{self, ERROR_RESPONSE, Table, Value, new_id},
};

/// The error of a message that was handed back too often.
const REBOUND_LIMIT_EXCEEDED: &str = "Rebound limit exceeded";

/// The longest expiration that RabbitMQ takes: ten years of 365 days.
const MAX_EXPIRATION: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Outbox {
    /// Emits an error with what came in, and a copy to whoever waits for a reply.
    pub(in crate::worker) async fn error(
        &self,
        source: &Source<'_>,
        failure: &Failure,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        let sealed = self.seal.error(failure);
        let payload = self.seal.error_message(&sealed, Some((source.body, source.incoming.encoding)));
        self.error_limit.pass().await;
        let (id, end) = (new_id(), now_ms());
        let table = || self.origin.emit(source.incoming, id.clone(), source.start, end);
        self.publish_error(&table, payload.into(), stop).await?;
        if let Some(key) = source.incoming.reply_key()
            && self.settings.error_replies
        {
            self.error_reply(&key, table, sealed.into(), stop).await?;
        }
        Ok(())
    }

    /// Hands the message back to the platform, to come again no earlier than after `wait`.
    ///
    /// `Ok(false)` when it was handed back too often already and an error was emitted instead.
    pub(in crate::worker) async fn rebound(
        &self,
        source: &Source<'_>,
        reason: &str,
        wait: Duration,
        stop: &CancellationToken,
    ) -> Result<bool, Stopped> {
        let iteration = source.incoming.rebound_iteration + 1;
        if iteration > self.settings.rebound_limit {
            self.error(source, &Failure::new(REBOUND_LIMIT_EXCEEDED), stop).await?;
            return Ok(false);
        }
        let expiration = rebound_expiration(self.settings.rebound_expiration, iteration, wait);
        let end = now_ms();
        let properties = || {
            let table = headers::rebound(source.headers, reason, iteration, end);
            source.properties.clone().expiring(table, expiration)
        };
        let key = &self.settings.keys.rebound;
        publish_outcome(&self.publisher, &self.settings.retry, key, properties, source.body.clone(), stop).await?;
        Ok(true)
    }

    /// Emits the error of a start that failed: it belongs to no message.
    pub(in crate::worker) async fn startup_error(
        &self,
        failure: &Failure,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        let payload = self.seal.error_message(&self.seal.error(failure), None);
        let table = self.origin.startup_error();
        self.publish_error(|| table.clone(), payload.into(), stop).await
    }

    async fn publish_error(
        &self,
        table: impl Fn() -> Table,
        payload: Bytes,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        let properties = || Properties::json(table(), self.settings.persistent);
        let key = &self.settings.keys.error;
        publish_outcome(&self.publisher, &self.settings.retry, key, properties, payload, stop).await
    }

    /// A reply that no queue takes is no failure: whoever waited for it is gone, and the error itself is safe.
    async fn error_reply(
        &self,
        key: &str,
        table: impl Fn() -> Table,
        sealed: Bytes,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        let table = || {
            let mut table = table();
            table.push((ERROR_RESPONSE.into(), Value::Bool(true)));
            table
        };
        let properties = || Properties::json(table(), self.settings.persistent);
        let judge = |error, _| match error {
            PublishError::Returned(_) | PublishError::KeyTooLong => Err(Unpublished::Failed(error)),
            other => Ok(other),
        };
        match publish_unless(&self.publisher, &self.settings.retry, key, properties, sealed, stop, judge).await {
            Ok(()) => Ok(()),
            Err(Unpublished::Stopped) => Err(Stopped),
            Err(Unpublished::Failed(error)) => {
                tracing::warn!(%error, "the error's reply reached nobody");
                Ok(())
            }
        }
    }
}

/// 2^(iteration-1) times the initial expiration (contract, section 6), no earlier than after `wait`.
fn rebound_expiration(initial: Duration, iteration: u64, wait: Duration) -> Duration {
    let doublings = u32::try_from(iteration.saturating_sub(1)).unwrap_or(u32::MAX);
    initial.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).max(wait).min(MAX_EXPIRATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebounds_expire_later_each_time() {
        let (initial, second) = (Duration::from_secs(15), Duration::from_secs(1));
        let expirations: Vec<u64> =
            [1, 2, 3, 6].map(|iteration| rebound_expiration(initial, iteration, second).as_secs()).to_vec();
        assert_eq!(expirations, [15, 30, 60, 480]);
        assert_eq!(rebound_expiration(initial, 2, Duration::from_secs(31)).as_secs(), 31);
    }

    #[test]
    fn no_rebound_expires_later_than_rabbitmq_takes() {
        let longest = Duration::from_secs(315_360_000);
        assert_eq!(rebound_expiration(Duration::from_secs(15), 26, Duration::ZERO), longest);
        assert_eq!(rebound_expiration(Duration::from_secs(15), u64::MAX, Duration::ZERO), longest);
        assert_eq!(rebound_expiration(Duration::from_secs(15), 1, Duration::MAX), longest);
    }
}
