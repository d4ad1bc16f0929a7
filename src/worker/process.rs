//! One delivery, from its arrival to its settlement (`docs/architecture.md`, "A message's way").

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{
    emitter::MessageEmitter,
    outbox::{Outbox, Source, now_ms},
    publish::Stopped,
    register::{Arrival, Register, Verdict},
    step::Step,
};
use crate::{
    amqp::Delivery,
    dispatcher::{Action, Context, Failure, Interruption},
    platform::{
        cipher::{Cipher, OpenError},
        error_message::open_error,
        headers::{Incoming, Value},
        message::{Message, MessageError},
        passthrough::{self, Passthrough},
    },
    settings::InputFormat,
};

/// The error of a message whose action panicked. The panic's own text may hold content, so it is not emitted.
const PANICKED: &str = "The component failed internally on this message: a defect in it, whose place is in the \
                        worker's log. Report it with that line.";

/// What all messages of a worker share.
pub(super) struct Processor {
    pub(super) action: Arc<dyn Action>,
    pub(super) step: Step,
    pub(super) cipher: Arc<Cipher>,
    pub(super) outbox: Outbox,
    pub(super) register: Register,
    pub(super) stop: CancellationToken,
}

/// How the work on a message ended.
enum Ending {
    /// The action returned, its emits are confirmed.
    Done,
    /// The same, but an error is among them.
    Answered,
    /// The payload is no message: nothing can be answered.
    Unreadable(String),
    /// The action did not succeed.
    Interrupted(Interruption),
}

impl Processor {
    /// Processes one delivery to its settlement.
    pub(super) async fn process(&self, delivery: Delivery) {
        let incoming = Incoming::read(&delivery.headers);
        let identity = self.register.identify(&incoming, &delivery.body);
        let key = match self.register.arrive(identity, delivery.receipt, delivery.redelivered, Instant::now()) {
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
        let source = Source {
            incoming: &incoming,
            headers: &delivery.headers,
            properties: &delivery.properties,
            body: &delivery.body,
            start: now_ms(),
        };
        let verdict = self.work(&source).await;
        for receipt in self.register.finish(key, verdict, Instant::now()) {
            verdict.settle(receipt);
        }
    }

    /// Does the work and emits what does not succeed.
    async fn work(&self, source: &Source<'_>) -> Verdict {
        let ending = AssertUnwindSafe(self.run(source))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Ending::Interrupted(Failure::new(PANICKED).into()));
        // Made where it is logged: most messages are done without a line about them.
        let message_id = || source.incoming.message_key().unwrap_or_default();
        match ending {
            Ending::Done => {
                tracing::debug!(message_id = message_id(), took_ms = now_ms() - source.start, "done");
                Verdict::Acknowledge
            }
            Ending::Answered => Verdict::Reject,
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
                // Boxed, as the rebound below: it is rare, and every message's task would be larger by it.
                match Box::pin(self.outbox.error(source, &failure, &self.stop)).await {
                    Ok(()) => Verdict::Reject,
                    Err(Stopped) => Verdict::Leave,
                }
            }
            Ending::Interrupted(Interruption::Rebound { reason, wait }) => {
                tracing::warn!(message_id = message_id(), reason, wait_s = wait.as_secs_f64(), "handed back");
                match Box::pin(self.outbox.rebound(source, &reason, wait, &self.stop)).await {
                    Ok(true) => Verdict::Acknowledge,
                    Ok(false) => Verdict::Reject,
                    Err(Stopped) => Verdict::Leave,
                }
            }
        }
    }

    async fn run(&self, source: &Source<'_>) -> Ending {
        let payload = match self.open(source) {
            Ok(payload) => payload,
            Err(error) => return Ending::Unreadable(error.to_string()),
        };
        let message = match Message::parse(&payload) {
            Ok(message) => message,
            Err(error @ MessageError::NotJson) => return Ending::Unreadable(error.to_string()),
            Err(error) => return Ending::Interrupted(Failure::new(error.to_string()).into()),
        };
        match self.act(source, message).await {
            Ok(true) => Ending::Done,
            Ok(false) => Ending::Answered,
            Err(interruption) => Ending::Interrupted(interruption),
        }
    }

    /// The payload of a message, or of an error that the step handles.
    fn open(&self, source: &Source<'_>) -> Result<Vec<u8>, OpenError> {
        match self.step.input_format {
            InputFormat::Message => Ok(self.cipher.open_text(source.body, source.incoming.encoding)?.into_bytes()),
            InputFormat::Error => open_error(&self.cipher, source.body, source.headers),
        }
    }

    /// Lets the action work on a message whose bodies are all there. False when it emitted an error on the way.
    async fn act(&self, source: &Source<'_>, message: Message<'_>) -> Result<bool, Interruption> {
        let step = &self.step;
        let mut entries = passthrough::entries(&message);
        let fetched = step.bodies.fetch(&message, &entries).await?;
        let mut fetched = fetched.iter().map(Option::as_deref);
        let message = message.with_fetched(fetched.next().flatten());
        for (entry, body) in entries.iter_mut().zip(fetched) {
            entry.message = entry.message.clone().with_fetched(body);
        }
        let incoming = source.incoming;
        let passthrough = step.passthrough.then(|| {
            let from = incoming.step_id.as_ref().map(Value::to_text);
            Passthrough::of(&message, entries, &step.id, step.no_self_passthrough, from, incoming.reply_key())
        });
        let emitter = MessageEmitter {
            outbox: &self.outbox,
            step,
            source,
            passthrough,
            stop: &self.stop,
            failed: AtomicBool::new(false),
        };
        self.action.run(&message, &Context { emitter: &emitter, stop: &self.stop }).await?;
        Ok(!emitter.failed.load(Ordering::Relaxed))
    }
}
