//! Deliveries and their receipts.

use std::sync::Arc;

use bytes::Bytes;
use lapin::message::Delivery as RawDelivery;

use super::{Properties, acks::AckBatcher, values::read_table};
use crate::platform::headers::Value;

/// One message from the queue.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The AMQP headers, with their types.
    pub headers: Vec<(String, Value)>,
    /// The properties, for a rebound.
    pub properties: Properties,
    /// The body as received.
    pub body: Bytes,
    /// Whether the broker has delivered it before.
    pub redelivered: bool,
    /// Acknowledges or rejects it.
    pub receipt: Receipt,
}

impl Delivery {
    pub(super) fn new(raw: RawDelivery, acks: &Arc<AckBatcher>, generation: u64) -> Self {
        acks.delivered(raw.delivery_tag);
        Self {
            headers: raw.properties.headers().as_ref().map(read_table).unwrap_or_default(),
            properties: Properties(raw.properties),
            body: raw.data.into(),
            redelivered: raw.redelivered,
            receipt: Receipt { acks: acks.clone(), tag: raw.delivery_tag, generation },
        }
    }
}

/// The right to settle one delivery, once. It is valid on the connection that the delivery came over; when that one is
/// gone, the broker delivers the message again, so a failure to settle is not an error.
pub(crate) struct Receipt {
    acks: Arc<AckBatcher>,
    tag: u64,
    generation: u64,
}

impl Receipt {
    /// The number of the connection that it came over; a later connection has a higher number.
    #[must_use]
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Acknowledges the message: it is done.
    pub(crate) fn acknowledge(self) {
        self.acks.acknowledge(self.tag);
    }

    /// Rejects the message without requeue: it failed and goes to the dead-letter exchange, if the queue has one.
    pub(crate) fn reject(self) {
        self.acks.reject(self.tag);
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt").field("tag", &self.tag).field("generation", &self.generation).finish_non_exhaustive()
    }
}
