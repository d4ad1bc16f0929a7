//! One batch of publishes over one channel, and what became of each.
//!
//! RabbitMQ sends `basic.return` before the confirm of the message that it returns, but in no order with other confirms, and
//! lapin attaches a return to the next confirm of the channel, whichever that is. So which message was returned is known
//! once the whole batch is confirmed, and not before.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use lapin::{
    BasicProperties, Channel, Confirmation, message::BasicReturnMessage, options::BasicPublishOptions,
    types::ShortString,
};
use tokio::{sync::oneshot, time::timeout};
use tokio_util::sync::CancellationToken;

use super::PublishError;

/// Longest wait for the whole batch before each publish is awaited by itself. When the connection breaks during
/// publishing, lapin fails the publishes, but its wait for all confirms may never end.
const ALL_CONFIRMED: Duration = Duration::from_secs(1);

const OPTIONS: BasicPublishOptions = BasicPublishOptions { mandatory: true, immediate: false };

/// One message to publish, and where to report the outcome.
pub(super) struct PendingPublish {
    pub(super) key: ShortString,
    pub(super) properties: BasicProperties,
    pub(super) body: Bytes,
    pub(super) done: oneshot::Sender<PublishResult>,
}

pub(super) type PublishResult = Result<(), PublishError>;

/// Publishes `pending` in order and waits for the confirm of each. Once the connection is `gone`, what is not confirmed
/// within a grace period is broken: lapin does not answer what it was given in the moment of its end.
pub(super) async fn publish_all(
    channel: &Channel,
    exchange: &ShortString,
    pending: &mut [PendingPublish],
    gone: &CancellationToken,
) -> Vec<Result<Confirmation, lapin::Error>> {
    let start = pending.iter_mut().map(|publish| {
        let properties = std::mem::take(&mut publish.properties);
        let publish = channel.basic_publish(exchange.clone(), publish.key.clone(), OPTIONS, &publish.body, properties);
        started(Box::pin(publish))
    });
    let publishes: Vec<_> = start.collect();
    // One wake-up for the whole batch. Its result lacks the nacks, so each publish is awaited below all the same.
    let _ = timeout(ALL_CONFIRMED, channel.wait_for_confirms()).await;
    let mut abandoned = pin!(async {
        gone.cancelled().await;
        tokio::time::sleep(ALL_CONFIRMED).await;
    });
    let mut is_abandoned = false;
    let mut confirmed = Vec::with_capacity(publishes.len());
    for publish in publishes {
        let outcome = async { publish.await?.await };
        confirmed.push(if is_abandoned {
            outcome.now_or_never().unwrap_or_else(|| Err(closed()))
        } else {
            tokio::select! {
                biased;
                outcome = outcome => outcome,
                () = &mut abandoned => {
                    is_abandoned = true;
                    Err(closed())
                }
            }
        });
    }
    confirmed
}

/// The error of what lapin does not answer.
pub(super) fn closed() -> lapin::Error {
    lapin::ErrorKind::InvalidConnectionState(lapin::ConnectionState::Closed).into()
}

/// Polls once with a no-op waker so that lapin enqueues the publish now; it is awaited later, once the whole batch is
/// confirmed, to avoid a wake-up per step.
fn started<F: Future + ?Sized>(mut future: Pin<Box<F>>) -> impl Future<Output = F::Output> {
    let first = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    async move {
        match first {
            Poll::Ready(output) => output,
            Poll::Pending => future.await,
        }
    }
}

/// The outcome of each publish. lapin attaches returned messages to arbitrary confirms of the batch, so they are matched
/// to publishes by routing key and body; publishes that have both in common share their outcome.
pub(super) fn outcomes(
    pending: &[PendingPublish],
    confirmed: Vec<Result<Confirmation, lapin::Error>>,
) -> Vec<PublishResult> {
    let mut returned = Vec::new();
    let mut outcomes: Vec<PublishResult> = confirmed
        .into_iter()
        .zip(pending)
        .map(|(confirmation, publish)| {
            let acknowledged =
                match confirmation.map_err(|error| PublishError::of_publish(&error, publish.body.len()))? {
                    Confirmation::Ack(message) => (true, message),
                    Confirmation::Nack(message) => (false, message),
                    Confirmation::NotRequested => (false, None),
                };
            returned.extend(acknowledged.1);
            if acknowledged.0 { Ok(()) } else { Err(PublishError::Nacked) }
        })
        .collect();
    for message in &returned {
        for (publish, outcome) in pending.iter().zip(&mut outcomes) {
            if is_return_of(message, publish) {
                *outcome = Err(PublishError::Returned(publish.key.to_string()));
            }
        }
    }
    outcomes
}

/// Whether a returned message is the one that `publish` sent.
fn is_return_of(message: &BasicReturnMessage, publish: &PendingPublish) -> bool {
    message.routing_key == publish.key && message.data == publish.body
}
