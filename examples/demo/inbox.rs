//! Everything that comes out of the worker, sorted by the message that it belongs to.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use elasticio_runtime::platform::cipher::{Cipher, Encoding};
use futures_util::StreamExt;
use lapin::Consumer;
use lapin::message::Delivery;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{timeout, timeout_at};

use crate::flow::{DEAD_LETTER_KEY, Flow};
use crate::load::{Answer, Load};
use crate::outcome::{Emitted, Outcome, Settlement};

/// How long to wait for a message's result.
const RESULT_LIMIT: Duration = Duration::from_secs(30);
/// How long after its error to wait for a rejected message to reach the dead letters.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);
/// How long to wait, at the end, for unexpected messages.
const SURPLUS_WAIT: Duration = Duration::from_millis(300);

/// A message that was sent to the worker.
pub(crate) struct Sent {
    /// Its header `messageId`.
    pub(crate) id: String,
    /// When it was published.
    pub(crate) at: Instant,
}

/// A consumer of everything that comes out of the worker.
pub(crate) struct Inbox<'a> {
    consumer: Consumer,
    flow: &'a Flow,
    cipher: Cipher,
    surplus: usize,
}

impl<'a> Inbox<'a> {
    pub(crate) fn new(consumer: Consumer, flow: &'a Flow) -> Self {
        Self { consumer, flow, cipher: flow.cipher(), surplus: 0 }
    }

    /// How many messages came beside the outcomes, such as second results and late rejections.
    pub(crate) async fn surplus(mut self) -> usize {
        let deadline = tokio::time::Instant::now() + SURPLUS_WAIT;
        while let Ok(Some(_)) = timeout_at(deadline, self.consumer.next()).await {
            self.surplus += 1;
        }
        self.surplus
    }

    /// Waits until the worker is done with the message.
    pub(crate) async fn outcome(&mut self, sent: &Sent) -> Result<Outcome> {
        let first = self
            .next_for(sent, RESULT_LIMIT)
            .await
            .with_context(|| format!("nothing came out within {RESULT_LIMIT:?}; see the worker's log"))?;
        let took = sent.at.elapsed();
        let emitted = self.decode(&first)?;
        let settlement = match emitted {
            Emitted::Nothing => Settlement::Rejected,
            Emitted::Error(_) => {
                let second = self.next_for(sent, SETTLE_LIMIT).await;
                let second = second.context("the message was not rejected after its error")?;
                if second.routing_key.as_str() == DEAD_LETTER_KEY {
                    Settlement::Rejected
                } else {
                    Settlement::Acknowledged
                }
            }
            Emitted::Data(_) | Emitted::Rebound { .. } => Settlement::Acknowledged,
        };
        Ok(Outcome { emitted, settlement, took })
    }

    /// Waits until each of the messages with these ids is answered.
    pub(crate) async fn load(&mut self, ids: &[String]) -> Result<Load> {
        let mut open: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut load = Load::default();
        while !open.is_empty() {
            let delivery = timeout(RESULT_LIMIT, self.consumer.next()).await;
            let delivery = delivery.with_context(|| {
                format!("nothing came out within {RESULT_LIMIT:?}, and {} messages are open", open.len())
            })?;
            let delivery = delivery.context("the broker closed the connection")??;
            let ids = ["parentMessageId", "messageId"].map(|name| header(&delivery, name));
            if ids.into_iter().flatten().any(|id| open.remove(id.as_str())) {
                load.count(self.answer(&delivery));
            }
        }
        Ok(load)
    }

    fn answer(&self, delivery: &Delivery) -> Answer {
        match delivery.routing_key.as_str() {
            key if key == self.flow.data => Answer::Result,
            key if key == self.flow.error => Answer::Error,
            key if key == self.flow.rebound => Answer::Rebound,
            _ => Answer::Nothing,
        }
    }

    /// The next delivery that belongs to the message: it has the message as its parent, or is the message itself.
    async fn next_for(&mut self, sent: &Sent, limit: Duration) -> Result<Delivery> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let delivery = timeout_at(deadline, self.consumer.next()).await?;
            let delivery = delivery.context("the broker closed the connection")??;
            let has_id_in = |name| header(&delivery, name).is_some_and(|id| id == sent.id);
            if has_id_in("parentMessageId") || has_id_in("messageId") {
                return Ok(delivery);
            }
            self.surplus += 1;
        }
    }

    fn decode(&self, delivery: &Delivery) -> Result<Emitted> {
        let key = delivery.routing_key.as_str();
        if key == self.flow.data {
            let payload = self.cipher.decrypt(&delivery.data, Encoding::Base64)?;
            let payload: Payload = serde_json::from_slice(&payload).context("a result is not a JSON message")?;
            Ok(Emitted::Data(payload.body.get().to_owned()))
        } else if key == self.flow.error {
            let parts: EncryptedParts = serde_json::from_slice(&delivery.data).context("an error is not JSON")?;
            let error = self.cipher.decrypt(parts.error.as_bytes(), Encoding::Base64)?;
            let error: ErrorBody = serde_json::from_slice(&error).context("a decrypted error is not JSON")?;
            Ok(Emitted::Error(error.message))
        } else if key == self.flow.rebound {
            let expiration = delivery.properties.expiration().as_ref();
            Ok(Emitted::Rebound { after_ms: expiration.map_or_else(|| "?".to_owned(), ToString::to_string) })
        } else if key == DEAD_LETTER_KEY {
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

/// An error message, whose parts are encrypted one by one.
#[derive(Deserialize)]
struct EncryptedParts {
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
