//! One delivery, from its arrival to its settlement (`docs/architecture.md`, "A message's way").

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Instant};

use futures_util::FutureExt;
use tokio::sync::Semaphore;

use super::{
    emit::{EmitError, Emits, MessageEmitter, Rebounded, Unpublished},
    events::{
        Arrived, Begun, DeliveredBefore, Done, Ended, ErrorUnpublished, Failed, HandedBack, HeadersUnreadable, InWork,
        Outcome, PayloadUnreadable, Redelivered,
    },
    in_flight::{Arrival, InFlight, Verdict},
    received::{Received, now_ms},
    settings::InputFormat,
    step::StepContext,
};
use crate::{
    amqp::Delivery,
    dispatcher::{Action, Context, ErrorCode, Failure, Interruption},
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
    /// The action succeeded, and its emits are confirmed: so many results.
    Done(u32),
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
        let arrived = Instant::now();
        Arrived::emit();
        if delivery.body.len() > OFFLOADED {
            offload().await;
        }
        let Delivery { headers, properties, body, redelivered, receipt } = delivery;
        let headers = match headers {
            Ok(headers) => headers,
            Err(reason) => {
                HeadersUnreadable { reason }.emit();
                receipt.reject();
                return Ended { outcome: Outcome::Rejected, took: arrived.elapsed() }.emit();
            }
        };
        let incoming = Incoming::read(&headers);
        if redelivered && let Some(count) = headers::delivery_count(&headers) {
            DeliveredBefore { count }.emit();
        }
        let identity = self.in_flight.identify(&incoming, &body);
        let key = match self.in_flight.arrive(identity, receipt, redelivered, Instant::now()) {
            Arrival::New(key) => key,
            Arrival::Joined => return Redelivered::Joined.emit(),
            Arrival::Settled(verdict, receipt) => {
                Redelivered::Settled.emit();
                return verdict.settle(receipt);
            }
        };
        if redelivered {
            Redelivered::Processed.emit();
        }
        let _in_work = InWork::begin();
        // A new consumer brings a full prefetch beside what the old one left in progress.
        let slot = match self.slots.try_acquire() {
            Ok(slot) => Some(slot),
            Err(_) => self.stop.cut_short(self.slots.acquire()).await.ok().and_then(Result::ok),
        };
        let received =
            Received { incoming: &incoming, headers: &headers, properties: &properties, body: &body, start: now_ms() };
        let outcome = match slot {
            Some(_) => large::within(&self.memory, pin!(self.work(&received))).await,
            None => Outcome::Left,
        };
        drop(slot);
        let verdict = outcome.verdict();
        for receipt in self.in_flight.finish(key, verdict, Instant::now()) {
            verdict.settle(receipt);
        }
        Ended { outcome, took: arrived.elapsed() }.emit();
    }

    /// Runs the action; emits an error or a rebound if it does not succeed.
    async fn work(&self, received: &Received<'_>) -> Outcome {
        let (action, began) = (&self.step.function, Instant::now());
        Begun { action }.emit();
        // Pinned, like the work above: it is large, and would be moved several times otherwise.
        let run = pin!(self.run(received));
        let ending = AssertUnwindSafe(run)
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Ending::Interrupted(Failure::new(PANICKED).with_code(ErrorCode::Internal).into()));
        match ending {
            Ending::Done(results) => {
                Done { action, results, took: began.elapsed() }.emit();
                Outcome::Acknowledged
            }
            Ending::ErrorEmitted => Outcome::Rejected,
            Ending::Unreadable(reason) => {
                PayloadUnreadable { reason }.emit();
                Outcome::Rejected
            }
            Ending::Interrupted(Interruption::Stopped) => Outcome::Left,
            Ending::Interrupted(Interruption::Failed(failure)) => {
                Failed { failure: &failure }.emit();
                // Boxed, like the rebound below: it is rare, and would enlarge every message's task.
                let emitted = Box::pin(self.emits.error(received, &failure)).await;
                emitted.map_or_else(without_answer, |()| Outcome::Rejected)
            }
            Ending::Interrupted(Interruption::Rebound { reason, wait }) => {
                HandedBack { reason: &reason, wait }.emit();
                match Box::pin(self.emits.rebound(received, &reason, wait)).await {
                    Ok(Rebounded::Published) => Outcome::Rebounded,
                    Ok(Rebounded::Failed) => Outcome::Rejected,
                    Err(error) => without_answer(error),
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
        let context = Context {
            emitter: &emitter,
            stop: &self.stop,
            snapshot: step.snapshot.newest(),
            flow_type: step.flow_type,
        };
        self.action.run(&message, &context).await?;
        Ok(if emitter.emitted_error() { Ending::ErrorEmitted } else { Ending::Done(emitter.results()) })
    }
}

/// What becomes of a message whose outcome could not be published.
fn without_answer(error: EmitError) -> Outcome {
    match error {
        EmitError::Unpublished { reason: Unpublished::Failed(error), .. } => {
            ErrorUnpublished { error: &error }.emit();
            Outcome::Rejected
        }
        _ => Outcome::Left,
    }
}

impl Outcome {
    fn verdict(self) -> Verdict {
        match self {
            Self::Acknowledged | Self::Rebounded => Verdict::Acknowledge,
            Self::Rejected => Verdict::Reject,
            Self::Left => Verdict::Leave,
        }
    }
}
