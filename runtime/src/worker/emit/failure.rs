//! What is emitted when a message does not succeed: errors, error replies, rebounds (protocol, sections 6.2 to 6.8).

use std::{borrow::Cow, fmt::Display, time::Duration};

use bytes::Bytes;

use super::{
    EmitError, Emits,
    events::{ErrorWithoutInput, Kind, NoReplyToReply, ReplyLost},
    republish::Unpublished,
};
use crate::{
    amqp::PublishError,
    dispatcher::{ErrorCode, Failure},
    large,
    platform::{
        error_message::{ErrorBody, encrypt_error, error_input, error_payload},
        headers::{self, Table, new_id},
    },
    stop::Stopped,
    worker::received::Received,
};

/// Copies of a message's payload that its error takes besides it: by itself, in the error's payload, in lapin's frames.
const COPIES_IN_ERROR: usize = 3;

/// The name of every error, as in the reference.
const ERROR_NAME: &str = "Error";
/// The reference's words for a missing stack trace.
const NO_STACK: &str = "Not Available";

/// The error of a message that was rebounded too often.
const REBOUND_LIMIT_EXCEEDED: &str = "Rebound limit exceeded";

/// The longest expiration that RabbitMQ accepts: ten years of 365 days.
const MAX_EXPIRATION: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The outcome of a rebound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum Rebounded {
    /// The message was published and comes again.
    Published,
    /// The message was rebounded too often, or cannot be published again; an error was emitted instead.
    Failed,
}

impl Emits {
    /// Emits an error together with its message's payload, and a copy to a sender that waits for a reply.
    pub(in crate::worker) async fn error(&self, received: &Received<'_>, failure: &Failure) -> Result<(), EmitError> {
        let memory = large::claim(received.body.len() * COPIES_IN_ERROR).await;
        let (input, failure) = match &memory {
            Ok(_) => {
                (error_input(&self.cipher, received.body, received.incoming.encoding).ok(), Cow::Borrowed(failure))
            }
            Err(no_memory) => (None, Cow::Owned(without_input(failure, no_memory))),
        };
        let failure = &*failure;
        self.error_limit.pass().await;
        let (id, times) = (new_id(), received.times());
        let id_text = || id.to_text();
        let unpublished = |reason| EmitError::Unpublished { id: id_text(), reason };
        let headers = || self.headers.error(received.incoming, id.clone(), times);
        let encrypted = self.encrypt_failure(failure);
        let payload = error_payload(&encrypted, input.as_deref());
        let published = self.publish_error(headers, payload.into()).await;
        let encrypted = match published {
            Ok(()) => encrypted,
            Err(Unpublished::Failed(error)) => {
                ErrorWithoutInput { error: &error }.emit();
                let encrypted = self.encrypt_failure(&without_input(failure, &error));
                let bare = received.incoming.without_meta();
                let incoming =
                    if matches!(error, PublishError::HeadersTooLarge { .. }) { &bare } else { received.incoming };
                let headers = || self.headers.error(incoming, id.clone(), times);
                let payload = error_payload(&encrypted, None);
                self.publish_error(headers, payload.into()).await.map_err(unpublished)?;
                encrypted
            }
            Err(stopped) => return Err(unpublished(stopped)),
        };
        if let Some(key) = received.incoming.reply_key()
            && self.settings.error_replies
        {
            if received.is_error_reply() {
                NoReplyToReply::emit();
                return Ok(());
            }
            let headers = || self.headers.error_reply(received.incoming, id.clone(), times);
            self.error_reply(&key, headers, encrypted.into()).await.map_err(|stopped| unpublished(stopped.into()))?;
        }
        Ok(())
    }

    /// Publishes the message again, to be delivered no earlier than after `wait`.
    pub(in crate::worker) async fn rebound(
        &self,
        received: &Received<'_>,
        reason: &str,
        wait: Duration,
    ) -> Result<Rebounded, EmitError> {
        let iteration = received.incoming.rebound_iteration + 1;
        if iteration > self.settings.rebound_limit {
            self.error(received, &Failure::new(REBOUND_LIMIT_EXCEEDED).with_code(ErrorCode::RateLimit)).await?;
            return Ok(Rebounded::Failed);
        }
        // Without memory it is published all the same: it is in memory already.
        let _frames = large::claim(received.body.len()).await;
        let expiration = rebound_expiration(self.settings.rebound_expiration, iteration, wait);
        let end = received.times().end;
        let properties = || {
            let headers = headers::rebound(received.headers, reason, iteration, end);
            received.properties.clone().expiring(headers, expiration)
        };
        let key = &self.settings.keys.rebound;
        match self.publisher.publish_outcome(Kind::Rebound, key, properties, received.body.clone()).await {
            Ok(()) => Ok(Rebounded::Published),
            Err(Unpublished::Failed(error)) => {
                let text = format!("{reason}, but the message cannot be published again to come later: {error}.");
                self.error(received, &Failure::new(text)).await?;
                Ok(Rebounded::Failed)
            }
            Err(reason) => Err(EmitError::Unpublished { id: String::new(), reason }),
        }
    }

    /// Emits the error of a failed start, which does not belong to a message.
    pub(in crate::worker) async fn startup_error(&self, failure: &Failure) -> Result<(), Unpublished> {
        let payload = error_payload(&self.encrypt_failure(failure), None);
        let headers = self.headers.startup_error();
        self.publish_error(|| headers.clone(), payload.into()).await
    }

    fn encrypt_failure(&self, failure: &Failure) -> Vec<u8> {
        let (message, fields) = (failure.message(), failure.fields());
        encrypt_error(&self.cipher, &ErrorBody { name: ERROR_NAME, message, stack: NO_STACK, fields })
    }

    async fn publish_error(&self, headers: impl Fn() -> Table, payload: Bytes) -> Result<(), Unpublished> {
        let properties = || self.properties(headers());
        self.publisher.publish_outcome(Kind::Error, &self.settings.keys.error, properties, payload).await
    }

    /// Publishes the copy. A reply that no queue takes, or that is too large, is not a failure: the error itself is already
    /// published.
    async fn error_reply(&self, key: &str, headers: impl Fn() -> Table, body: Bytes) -> Result<(), Stopped> {
        match self.publisher.publish_reply(Kind::Reply, key, || self.properties(headers()), body).await {
            Ok(()) => Ok(()),
            Err(Unpublished::Stopped(stopped)) => Err(stopped),
            Err(Unpublished::Failed(error)) => {
                ReplyLost { error: &error }.emit();
                Ok(())
            }
        }
    }
}

/// The failure of a message whose input cannot go with it.
fn without_input(failure: &Failure, why: &dyn Display) -> Failure {
    let note = format!(" (The message that failed is left out here: {why}.)");
    failure.clone().with_texts(format!("{}{note}", failure.message()), failure.to_string())
}

/// 2^(iteration-1) times the initial expiration (protocol, section 6.7), but at least `wait`.
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
    fn expirations_stay_within_what_rabbitmq_accepts() {
        let longest = Duration::from_secs(315_360_000);
        assert_eq!(rebound_expiration(Duration::from_secs(15), 26, Duration::ZERO), longest);
        assert_eq!(rebound_expiration(Duration::from_secs(15), u64::MAX, Duration::ZERO), longest);
        assert_eq!(rebound_expiration(Duration::from_secs(15), 1, Duration::MAX), longest);
    }
}
