//! Publishes until a queue has the message: a failed try is repeated after a doubling delay (contract, section 1).

use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::{
    amqp::{Properties, PublishError, Publisher},
    settings::PublishRetry,
};

/// Why a message reached no queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unpublished {
    /// The worker stops.
    Stopped,
    /// All tries failed; the last one like this.
    Failed(PublishError),
}

/// The worker stopped before a message reached a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

impl From<Stopped> for Unpublished {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// The wait before try number `count` + 1: the delay doubles with every try, up to its bound.
fn backoff(retry: &PublishRetry, count: u32) -> Duration {
    let factor = 1_u32.checked_shl(count.saturating_sub(1)).unwrap_or(u32::MAX);
    retry.delay.saturating_mul(factor).min(retry.max_delay)
}

/// Publishes one message, unless it fails too often.
pub(super) async fn publish(
    publisher: &Publisher,
    retry: &PublishRetry,
    key: &str,
    properties: impl Fn() -> Properties,
    body: Bytes,
    stop: &CancellationToken,
) -> Result<(), Unpublished> {
    let judge = |error, tries| {
        let last = error == PublishError::KeyTooLong || retry.attempts.is_some_and(|attempts| tries >= attempts);
        if last { Err(Unpublished::Failed(error)) } else { Ok(error) }
    };
    publish_unless(publisher, retry, key, properties, body, stop, judge).await
}

/// Publishes what became of a message, however often it fails: the work is done, only its outcome is missing, and to
/// do the work again would not bring it sooner.
pub(super) async fn publish_outcome(
    publisher: &Publisher,
    retry: &PublishRetry,
    key: &str,
    properties: impl Fn() -> Properties,
    body: Bytes,
    stop: &CancellationToken,
) -> Result<(), Stopped> {
    publish_unless(publisher, retry, key, properties, body, stop, |error, _| Ok(error)).await
}

/// Publishes one message, whose properties are made for each try: most need one, which need not be copied then.
/// After a failed try `judge`, which knows how many there were, gives the error back to go on. `stop` cuts the waits
/// between tries short, not a try.
pub(super) async fn publish_unless<E: From<Stopped>>(
    publisher: &Publisher,
    retry: &PublishRetry,
    key: &str,
    properties: impl Fn() -> Properties,
    body: Bytes,
    stop: &CancellationToken,
    judge: impl Fn(PublishError, u32) -> Result<PublishError, E>,
) -> Result<(), E> {
    let mut tries = 0;
    loop {
        let properties = if tries == 0 { properties() } else { properties().retried(tries) };
        let error = match publisher.publish(key, properties, body.clone()).await {
            Ok(()) => return Ok(()),
            Err(PublishError::Closed) => return Err(Stopped.into()),
            Err(error) => error,
        };
        tries += 1;
        let error = judge(error, tries)?;
        let wait = backoff(retry, tries);
        tracing::error!(%error, routing_key = key, tries, wait_s = wait.as_secs_f64(), "not published; trying again");
        if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return Err(Stopped.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_their_bound() {
        let retry =
            PublishRetry { delay: Duration::from_millis(100), max_delay: Duration::from_secs(300), attempts: None };
        let waits: Vec<u128> = [1, 2, 3, 12, 13, 32, 33, 4000].map(|count| backoff(&retry, count).as_millis()).to_vec();
        assert_eq!(waits, [100, 200, 400, 204_800, 300_000, 300_000, 300_000, 300_000]);
    }
}
