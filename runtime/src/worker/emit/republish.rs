//! Publishes until a queue has the message: a failed attempt is repeated after a doubling delay (protocol, section 1.19).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{
    events::{Kind, PublishRetried, Published},
    settings::PublishRetry,
};
use crate::{
    amqp::{Properties, PublishError, Publisher},
    stop::{Stop, Stopped},
    telemetry::{WaitReason, traces::PublishTrace, waiting},
};

/// Publishes with retries.
pub(super) struct Republisher {
    publisher: Publisher,
    retry: PublishRetry,
    stop: Stop,
}

/// Why a message did not reach a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::worker) enum Unpublished {
    /// The worker stops.
    Stopped(Stopped),
    /// All attempts failed; this is the last one's error.
    Failed(PublishError),
}

impl From<Stopped> for Unpublished {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl Republisher {
    /// `stop` cuts short the waits between attempts, but not an attempt.
    pub(super) fn new(publisher: Publisher, retry: PublishRetry, stop: Stop) -> Self {
        Self { publisher, retry, stop }
    }

    /// Refuses properties that the connection has no room for, as far as it is known now.
    pub(super) fn fit(&self, properties: &Properties) -> Result<(), PublishError> {
        self.publisher.fit(properties)
    }

    /// Publishes a message; fails after as many attempts as the settings allow.
    pub(super) async fn publish(
        &self,
        kind: Kind,
        key: &str,
        properties: impl Fn() -> Properties,
        body: Bytes,
    ) -> Result<(), Unpublished> {
        let give_up = |error, attempts| {
            if self.retry.attempts.is_some_and(|limit| attempts >= limit) { Err(error) } else { Ok(error) }
        };
        self.publish_unless(kind, key, properties, body, give_up).await
    }

    /// Publishes a message's outcome, with as many attempts as it takes: the work is done, and calling the third party
    /// again would not publish it any sooner.
    pub(super) async fn publish_outcome(
        &self,
        kind: Kind,
        key: &str,
        properties: impl Fn() -> Properties,
        body: Bytes,
    ) -> Result<(), Unpublished> {
        self.publish_unless(kind, key, properties, body, |error, _| Ok(error)).await
    }

    /// Publishes to a receiver that may be gone: a message that no queue takes is not published again.
    pub(super) async fn publish_reply(
        &self,
        kind: Kind,
        key: &str,
        properties: impl Fn() -> Properties,
        body: Bytes,
    ) -> Result<(), Unpublished> {
        let give_up = |error, _| match error {
            PublishError::Returned(_) => Err(error),
            other => Ok(other),
        };
        self.publish_unless(kind, key, properties, body, give_up).await
    }

    /// Publishes until an attempt succeeds, or fails with an error that every attempt would meet. After any other failed
    /// attempt, `give_up` gets the error and the number of attempts so far, and returns the error in `Ok` for another
    /// one. The properties are built for each attempt: most messages need only one, which then needs no copy.
    async fn publish_unless(
        &self,
        kind: Kind,
        key: &str,
        properties: impl Fn() -> Properties,
        body: Bytes,
        give_up: impl Fn(PublishError, u32) -> Result<PublishError, PublishError>,
    ) -> Result<(), Unpublished> {
        let mut attempts = 0;
        loop {
            let properties = if attempts == 0 { properties() } else { properties().retried(attempts) };
            let trace = PublishTrace::begin(self.publisher.exchange(), key, attempts);
            let properties = properties.traced(trace.headers());
            let began = Instant::now();
            let published = self.publisher.publish(key, properties, body.clone()).await;
            Published { kind, trace, error: published.as_ref().err(), took: began.elapsed() }.emit();
            let error = match published {
                Ok(()) => return Ok(()),
                Err(PublishError::Closed) => return Err(Stopped.into()),
                Err(error) if error.is_final() => return Err(Unpublished::Failed(error)),
                Err(error) => error,
            };
            attempts += 1;
            let error = give_up(error, attempts).map_err(Unpublished::Failed)?;
            let wait = backoff(&self.retry, attempts);
            PublishRetried { error: &error, routing_key: key, attempts, wait }.emit();
            waiting(WaitReason::PublishRetry, self.stop.sleep(wait)).await?;
        }
    }
}

/// The wait after attempt number `attempts`: the delay doubles with every attempt, up to its bound.
fn backoff(retry: &PublishRetry, attempts: u32) -> Duration {
    let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    retry.delay.saturating_mul(factor).min(retry.max_delay)
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
