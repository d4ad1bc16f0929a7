//! Deliveries and their receipts.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use lapin::message::Delivery as RawDelivery;

use super::{
    Properties,
    acks::AckBatcher,
    events::Settled,
    values::read_table,
    wire::{self, LARGE_HEADERS, LargeHeaders, UNREADABLE},
};
use crate::platform::headers::Value;

/// One message from the queue.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The AMQP headers, with their types; or why they cannot be read.
    pub headers: Result<Vec<(String, Value)>, String>,
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
    pub(super) fn new(raw: RawDelivery, acks: &Arc<AckBatcher>, large: &LargeHeaders, generation: u64) -> Self {
        acks.delivered(raw.delivery_tag);
        Self {
            headers: read_headers(&raw, large),
            properties: Properties::delivered(raw.properties),
            body: raw.data.into(),
            redelivered: raw.redelivered,
            receipt: Receipt { acks: acks.clone(), tag: raw.delivery_tag, generation },
        }
    }
}

/// The headers, unless they were marked as unreadable on the way, or went around lapin.
fn read_headers(raw: &RawDelivery, large: &LargeHeaders) -> Result<Vec<(String, Value)>, String> {
    let Some(table) = raw.properties.headers() else { return Ok(Vec::new()) };
    if let Some(why) = table.inner().get(UNREADABLE) {
        let why = why.as_long_string().map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned());
        return Err(why.unwrap_or_default());
    }
    match table.inner().get(LARGE_HEADERS) {
        None => Ok(read_table(table)),
        Some(key) => {
            let table = key.as_long_long_int().and_then(|key| large.take(key));
            let table = table.ok_or_else(|| format!("the header {LARGE_HEADERS} is the runtime's own"))?;
            Ok(wire::read_table(&table))
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
        let began = Instant::now();
        self.acks.acknowledge(self.tag);
        Settled { operation: "ack", took: began.elapsed() }.emit();
    }

    /// Rejects the message without requeue: it failed and goes to the dead-letter exchange, if the queue has one.
    pub(crate) fn reject(self) {
        let began = Instant::now();
        self.acks.reject(self.tag);
        Settled { operation: "reject", took: began.elapsed() }.emit();
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt").field("tag", &self.tag).field("generation", &self.generation).finish_non_exhaustive()
    }
}
