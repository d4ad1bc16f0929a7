//! Composes a result: the message, the passthrough of the steps before, and large bodies moved to object storage
//! (protocol, sections 5.3 to 5.6 and 5.11).

use std::borrow::Cow;

use tokio::try_join;

use super::{EmitError, allow};
use crate::{
    large::{self, Claim},
    platform::{
        cipher::{Encoding, encrypted_size},
        json::ObjectWriter,
        lightweight::{BodyStore, LightweightError},
        message::{ENVELOPE, OBJECT_ID, Outgoing},
        passthrough::{Entry, Passthrough},
    },
};

/// Bytes around the passthrough in the message: `,"passthrough":`.
const PASSTHROUGH_FIELD: usize = 15;

/// A result, ready to be encrypted.
pub(super) struct Envelope {
    /// The AMQP header `messageId`.
    pub(super) id: String,
    /// The message as JSON.
    pub(super) json: Vec<u8>,
    /// The routing key to use instead of the data routing key.
    pub(super) routing_key: Option<String>,
    /// The memory that it takes.
    pub(super) memory: Claim,
}

/// What bounds a result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Total bytes of the bodies above which they go to object storage; `None` = never.
    pub(super) lightweight: Option<usize>,
    /// Bytes of the encrypted payload.
    pub(super) size: usize,
    /// How it will be encoded.
    pub(super) encoding: Encoding,
}

/// Writes the message as JSON.
///
/// # Errors
/// When it is larger than its limit, or a body cannot be stored, or there is no memory for it.
pub(super) async fn compose(
    mut message: Outgoing,
    passthrough: Option<&Passthrough<'_>>,
    limits: Limits,
    bodies: &BodyStore,
) -> Result<Envelope, EmitError> {
    let routing_key = message.take_routing_key();
    let id = message.id.to_string();
    let mut passthrough = passthrough.map(Cow::Borrowed);
    let memory = large::claim(encrypted_size(message.body.size_hint() + ENVELOPE)).await?;
    if let Some(threshold) = limits.lightweight {
        store_large(&mut message, &mut passthrough, threshold, bodies).await?;
    }
    let own = message.to_json();
    // The body that it was written from is no longer needed.
    drop(message);
    let Some(passthrough) = passthrough else {
        return Ok(Envelope { id, json: own, routing_key, memory });
    };
    let hint = own.len() * 2 + passthrough.size_hint() + ENVELOPE;
    if allow(hint, limits.encoding, limits.size).is_err() {
        // About as large as allowed, or far too large: one object may be in many entries.
        let size = own.len() + PASSTHROUGH_FIELD + passthrough.written_size(own.len());
        allow(size, limits.encoding, limits.size)?;
    }
    let memory = large::claim(encrypted_size(hint)).await?;
    let mut json = Vec::with_capacity(encrypted_size(hint));
    let mut object = ObjectWriter::new(&mut json);
    object.fields_of(&own);
    passthrough.write(object.field("passthrough"), &own);
    object.end();
    Ok(Envelope { id, json, routing_key, memory })
}

/// Stores all bodies if together they exceed `threshold`; the message and the entries keep the ids of their objects.
async fn store_large(
    message: &mut Outgoing,
    passthrough: &mut Option<Cow<'_, Passthrough<'_>>>,
    threshold: usize,
    bodies: &BodyStore,
) -> Result<(), LightweightError> {
    let mut body = Vec::with_capacity(encrypted_size(message.body.size_hint()));
    message.body.write_json(&mut body);
    let entries = passthrough.iter().flat_map(|passthrough| &passthrough.entries);
    let carried: usize = entries.filter(|entry| entry.is_message()).map(|entry| entry.compact_body().len()).sum();
    if body.len() + carried <= threshold {
        return Ok(());
    }
    let entries: &mut [Entry<'_>] =
        passthrough.as_mut().map_or(&mut [], |passthrough| &mut passthrough.to_mut().entries);
    let (id, ()) = try_join!(bodies.store(body), bodies.store_entries(entries))?;
    message.headers.insert(OBJECT_ID.to_owned(), id);
    message.body = Box::new(serde_json::json!({}));
    Ok(())
}
