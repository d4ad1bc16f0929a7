//! Deliveries and their receipts.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use lapin::{
    Channel,
    message::Delivery as RawDelivery,
    options::{BasicAckOptions, BasicRejectOptions},
};

use super::{Properties, values::read_table};
use crate::platform::headers::Value;

/// One message from the queue.
#[derive(Debug)]
pub struct Delivery {
    /// The AMQP headers, with their types.
    pub headers: Vec<(String, Value)>,
    /// The properties, to publish the message again.
    pub properties: Properties,
    /// The body as it came.
    pub body: Bytes,
    /// Whether the broker delivered it before.
    pub redelivered: bool,
    /// Settles it.
    pub receipt: Receipt,
}

impl Delivery {
    pub(super) fn new(raw: RawDelivery, channel: &Arc<Channel>, generation: u64) -> Self {
        Self {
            headers: raw.properties.headers().as_ref().map(read_table).unwrap_or_default(),
            properties: Properties(raw.properties),
            body: raw.data.into(),
            redelivered: raw.redelivered,
            receipt: Receipt { channel: channel.clone(), tag: raw.delivery_tag, generation },
        }
    }
}

/// The right to settle one delivery, once. Valid on the connection that it came over; the broker delivers the
/// message again when that one is gone, so a failure to settle is no error.
pub struct Receipt {
    channel: Arc<Channel>,
    tag: u64,
    generation: u64,
}

impl Receipt {
    /// Which connection it came over: a higher number is a later one.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The delivery's number on its connection, for logs.
    #[must_use]
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// The message is done.
    pub fn acknowledge(self) {
        self.send(self.channel.basic_ack(self.tag, BasicAckOptions::default()));
    }

    /// The message failed: to the dead-letter exchange, if the queue has one.
    pub fn reject(self) {
        self.send(self.channel.basic_reject(self.tag, BasicRejectOptions { requeue: false }));
    }

    /// Lays a settlement into the client library's queue, which one poll does. Nobody waits until it is written: the
    /// broker does not answer settlements, so that tells no more.
    fn send(&self, settlement: impl Future<Output = Result<(), lapin::Error>>) {
        if let Some(Err(error)) = settlement.now_or_never() {
            tracing::debug!(%error, tag = self.tag, "not settled: its connection is gone, it will be delivered again");
        }
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt").field("tag", &self.tag).field("generation", &self.generation).finish_non_exhaustive()
    }
}
