//! What became of one message: what the worker published for it, decrypted, and how it was settled.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use elasticio_runtime::platform::cipher::{Cipher, Encoding};
use futures_util::StreamExt;
use lapin::{Consumer, message::Delivery};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use crate::{flow::Flow, stage::Sent};

/// How long a message may take to its result.
const RESULT_LIMIT: Duration = Duration::from_secs(30);
/// How long after its error a rejected message may take to the dead letters.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);
/// How long to listen, at the end, for what nobody expects.
const SURPLUS_WAIT: Duration = Duration::from_millis(300);

/// What came out of the worker for one message.
pub(crate) struct Outcome {
    /// What was published.
    pub(crate) emitted: Emitted,
    /// Whether the message went to the dead letters, which is where a rejected one goes.
    pub(crate) rejected: bool,
    /// From the queue to the result.
    pub(crate) took: Duration,
}

/// One published message, its payload decrypted.
pub(crate) enum Emitted {
    /// A result: the `body` of its payload, JSON as it was written.
    Data(String),
    /// An error: its message.
    Error(String),
    /// Handed back, to come again later.
    Rebound {
        /// In so many milliseconds.
        after_ms: String,
    },
    /// Nothing: the message was not fit to be answered.
    Nothing,
}

/// Everything that comes out of the worker.
pub(crate) struct Inbox {
    consumer: Consumer,
    cipher: Cipher,
    keys: Keys,
    surplus: usize,
}

struct Keys {
    data: String,
    error: String,
    rebound: String,
}

impl Inbox {
    pub(crate) fn new(consumer: Consumer, flow: &Flow) -> Self {
        Self {
            consumer,
            cipher: flow.cipher(),
            keys: Keys { data: flow.data.clone(), error: flow.error.clone(), rebound: flow.rebound.clone() },
            surplus: 0,
        }
    }

    /// How many deliveries came beside the outcomes asked for: second results, late rejections.
    pub(crate) async fn surplus(mut self) -> usize {
        let deadline = Instant::now() + SURPLUS_WAIT;
        while let Ok(Some(_)) = timeout_at(deadline, self.consumer.next()).await {
            self.surplus += 1;
        }
        self.surplus
    }

    /// Waits until the message is done with.
    pub(crate) async fn outcome(&mut self, sent: &Sent) -> Result<Outcome> {
        let first = self
            .next_for(sent, RESULT_LIMIT)
            .await
            .with_context(|| format!("nothing has come out within {RESULT_LIMIT:?}; see the worker's log"))?;
        let took = sent.at.elapsed();
        let emitted = self.read(&first)?;
        let rejected = match emitted {
            Emitted::Nothing => true,
            Emitted::Error(_) => {
                let second = self.next_for(sent, SETTLE_LIMIT).await;
                second.context("the message of an error was not rejected")?.routing_key.as_str() == Flow::DEAD
            }
            Emitted::Data(_) | Emitted::Rebound { .. } => false,
        };
        Ok(Outcome { emitted, rejected, took })
    }

    /// The next delivery that belongs to the message: it names it as its parent, or is the message itself.
    async fn next_for(&mut self, sent: &Sent, limit: Duration) -> Result<Delivery> {
        let deadline = Instant::now() + limit;
        loop {
            let delivery = timeout_at(deadline, self.consumer.next())
                .await?
                .ok_or_else(|| anyhow!("the broker has closed the connection"))??;
            let named = |name| header(&delivery, name).is_some_and(|id| id == sent.id);
            if named("parentMessageId") || named("messageId") {
                return Ok(delivery);
            }
            self.surplus += 1;
        }
    }

    fn read(&self, delivery: &Delivery) -> Result<Emitted> {
        let key = delivery.routing_key.as_str();
        if key == self.keys.data {
            let payload = self.cipher.decrypt(&delivery.data, Encoding::Base64)?;
            let payload: Payload = serde_json::from_slice(&payload).context("a result that is no JSON message")?;
            Ok(Emitted::Data(payload.body.get().to_owned()))
        } else if key == self.keys.error {
            let sealed: SealedError = serde_json::from_slice(&delivery.data).context("an error that is no JSON")?;
            let error = self.cipher.decrypt(sealed.error.as_bytes(), Encoding::Base64)?;
            let error: ErrorBody = serde_json::from_slice(&error).context("an error that is no JSON message")?;
            Ok(Emitted::Error(error.message))
        } else if key == self.keys.rebound {
            let expiration = delivery.properties.expiration().as_ref();
            Ok(Emitted::Rebound { after_ms: expiration.map_or_else(|| "?".to_owned(), ToString::to_string) })
        } else if key == Flow::DEAD {
            Ok(Emitted::Nothing)
        } else {
            bail!("an unexpected message with the routing key {key}")
        }
    }
}

#[derive(Deserialize)]
struct Payload {
    body: Box<RawValue>,
}

#[derive(Deserialize)]
struct SealedError {
    error: String,
}

#[derive(Deserialize)]
struct ErrorBody {
    message: String,
}

fn header(delivery: &Delivery, name: &str) -> Option<String> {
    let value = delivery.properties.headers().as_ref()?.inner().get(name)?;
    Some(value.as_long_string()?.to_string())
}
