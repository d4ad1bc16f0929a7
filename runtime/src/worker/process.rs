//! One delivery, from its arrival to its settlement (`docs/architecture.md`, "A message's way").

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Instant};

use futures_util::FutureExt;
use tokio::sync::Semaphore;

use super::{
    emit::{EmitError, Emits, MessageEmitter, Rebounded, Unpublished},
    in_flight::{Arrival, InFlight, Verdict},
    received::{Received, now_ms},
    settings::InputFormat,
    step::StepContext,
};
use crate::{
    amqp::Delivery,
    dispatcher::{Action, Context, Failure, Interruption},
    large::{self, Budget, Claim, OFFLOADED, offload},
    platform::{
        cipher::{Cipher, DecryptError},
        error_message::decrypt_error,
        headers::{self, Incoming, Value},
        message::{Message, MessageError},
        passthrough::{self, Passthrough},
    },
    stop::Stop,
};

/// The error of a message whose action panicked. The panic's own text may hold content, so it is not emitted.
const PANICKED: &str = "The component failed internally on this message: a defect in it, whose place is in the \
                        worker's log. Report it with that line.";

/// What a message takes in memory while the action works on it, as a part of its size: as it came, decrypted (three
/// quarters, without base64), and in the request that it becomes.
const WORKED_ON: (usize, usize) = (5, 2);

/// What all messages of a worker share.
pub(super) struct Processor {
    pub(super) action: Arc<dyn Action>,
    pub(super) step: StepContext,
    pub(super) cipher: Arc<Cipher>,
    pub(super) emits: Emits,
    pub(super) in_flight: InFlight,
    /// As many as the prefetch, which bounds the messages in progress.
    pub(super) slots: Semaphore,
    /// The memory for large bodies.
    pub(super) memory: Arc<Budget>,
    pub(super) stop: Stop,
}

/// How the processing of a message ended.
enum Ending {
    /// The action succeeded and its emits are confirmed.
    Done,
    /// The same, but an error is among them.
    ErrorEmitted,
    /// The payload is not a message: nothing can be answered.
    Unreadable(String),
    /// The action did not succeed.
    Interrupted(Interruption),
}

impl Processor {
    /// Processes one delivery and settles it, unless the worker stops first.
    pub(super) async fn process(&self, delivery: Delivery) {
        if delivery.body.len() > OFFLOADED {
            offload().await;
        }
        let Delivery { headers, properties, body, redelivered, receipt } = delivery;
        let headers = match headers {
            Ok(headers) => headers,
            Err(reason) => {
                tracing::error!(reason, "rejected without an answer: the headers cannot be read");
                return receipt.reject();
            }
        };
        let incoming = Incoming::read(&headers);
        if redelivered && let Some(count) = headers::delivery_count(&headers) {
            let message_id = incoming.message_key();
            tracing::warn!(message_id, delivery_count = count, "the queue has delivered this message before");
        }
        let identity = self.in_flight.identify(&incoming, &body);
        let key = match self.in_flight.arrive(identity, receipt, redelivered, Instant::now()) {
            Arrival::New(key) => key,
            Arrival::Joined => {
                tracing::info!(message_id = incoming.message_key(), "delivered again while in work: joined");
                return;
            }
            Arrival::Settled(verdict, receipt) => {
                tracing::info!(message_id = incoming.message_key(), "delivered again after it was done: settled");
                return verdict.settle(receipt);
            }
        };
        // A new consumer brings a full prefetch beside what the old one left in progress.
        let slot = match self.slots.try_acquire() {
            Ok(slot) => Some(slot),
            Err(_) => self.stop.cut_short(self.slots.acquire()).await.ok().and_then(Result::ok),
        };
        let received =
            Received { incoming: &incoming, headers: &headers, properties: &properties, body: &body, start: now_ms() };
        let verdict = match slot {
            Some(_) => large::within(&self.memory, pin!(self.work(&received))).await,
            None => Verdict::Leave,
        };
        drop(slot);
        for receipt in self.in_flight.finish(key, verdict, Instant::now()) {
            verdict.settle(receipt);
        }
    }

    /// Runs the action; emits an error or a rebound if it does not succeed.
    async fn work(&self, received: &Received<'_>) -> Verdict {
        // Pinned, like the work above: it is large, and would be moved several times otherwise.
        let run = pin!(self.run(received));
        let ending = AssertUnwindSafe(run)
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Ending::Interrupted(Failure::new(PANICKED).into()));
        // A closure, so that the text is built only when a line is logged.
        let message_id = || received.incoming.message_key().unwrap_or_default();
        match ending {
            Ending::Done => {
                tracing::debug!(message_id = message_id(), took_ms = now_ms() - received.start, "done");
                Verdict::Acknowledge
            }
            Ending::ErrorEmitted => Verdict::Reject,
            Ending::Unreadable(reason) => {
                tracing::error!(
                    message_id = message_id(),
                    reason,
                    "rejected without an answer: the payload cannot be read"
                );
                Verdict::Reject
            }
            Ending::Interrupted(Interruption::Stopped) => Verdict::Leave,
            Ending::Interrupted(Interruption::Failed(failure)) => {
                tracing::error!(message_id = message_id(), error = %failure, "failed");
                // Boxed, like the rebound below: it is rare, and would enlarge every message's task.
                let emitted = Box::pin(self.emits.error(received, &failure)).await;
                emitted.map_or_else(|error| without_answer(&message_id(), error), |()| Verdict::Reject)
            }
            Ending::Interrupted(Interruption::Rebound { reason, wait }) => {
                tracing::warn!(message_id = message_id(), reason, wait_s = wait.as_secs_f64(), "handed back");
                match Box::pin(self.emits.rebound(received, &reason, wait)).await {
                    Ok(Rebounded::Published) => Verdict::Acknowledge,
                    Ok(Rebounded::Failed) => Verdict::Reject,
                    Err(error) => without_answer(&message_id(), error),
                }
            }
        }
    }

    /// Decrypts, parses and processes a message.
    async fn run(&self, received: &Received<'_>) -> Ending {
        let _memory = match self.memory_to_work_on(received.body.len()).await {
            Ok(memory) => memory,
            Err(interruption) => return Ending::Interrupted(interruption),
        };
        let payload = match self.decrypt(received) {
            Ok(payload) => payload,
            Err(error) => return Ending::Unreadable(error.to_string()),
        };
        let message = match Message::parse(&payload) {
            Ok(message) => message,
            Err(error @ MessageError::NotJson) => return Ending::Unreadable(error.to_string()),
            Err(error) => return Ending::Interrupted(Failure::new(error.to_string()).into()),
        };
        self.run_action(received, message).await.unwrap_or_else(Ending::Interrupted)
    }

    /// The memory for a message of so many bytes while the action works on it. Waits for it if it is large.
    async fn memory_to_work_on(&self, bytes: usize) -> Result<Claim, Interruption> {
        let (part, whole) = WORKED_ON;
        let claim = large::claim(bytes / whole * part);
        let claimed = if bytes > OFFLOADED { self.stop.cut_short(claim).await? } else { claim.await };
        claimed.map_err(|error| {
            Failure::new(format!("The message is too large to be processed here: it has {bytes} bytes; {error}."))
                .into()
        })
    }

    /// The decrypted payload: a message, or the error message that the step handles.
    fn decrypt(&self, received: &Received<'_>) -> Result<Vec<u8>, DecryptError> {
        match self.step.input_format {
            InputFormat::Message => {
                Ok(self.cipher.decrypt_text(received.body, received.incoming.encoding)?.into_bytes())
            }
            InputFormat::Error => decrypt_error(&self.cipher, received.body, received.headers),
        }
    }

    /// Fetches the bodies that are in object storage, then runs the action.
    async fn run_action(&self, received: &Received<'_>, mut message: Message<'_>) -> Result<Ending, Interruption> {
        // Checked before the action calls anybody: its result could not be published.
        self.emits.expect_room_for_headers(received)?;
        let step = &self.step;
        let mut entries = passthrough::entries(&message);
        step.bodies.fetch(&mut message, &mut entries).await?;
        let incoming = received.incoming;
        let passthrough = step.passthrough.then(|| {
            let from = incoming.step_id.as_ref().map(Value::to_text);
            Passthrough::of(&message, entries, &step.id, step.no_self_passthrough, from, incoming.reply_key())
        });
        let emitter = MessageEmitter::new(&self.emits, step, received, passthrough);
        self.action.run(&message, &Context { emitter: &emitter, stop: &self.stop }).await?;
        Ok(if emitter.emitted_error() { Ending::ErrorEmitted } else { Ending::Done })
    }
}

/// The verdict on a message whose outcome could not be published.
fn without_answer(message_id: &str, error: EmitError) -> Verdict {
    match error {
        EmitError::Unpublished { reason: Unpublished::Failed(error), .. } => {
            tracing::error!(message_id, %error, "rejected without an answer: its error cannot be published");
            Verdict::Reject
        }
        _ => Verdict::Leave,
    }
}
