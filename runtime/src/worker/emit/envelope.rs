//! Composes a result: the message, the passthrough of the steps before, and large bodies moved to object storage
//! (protocol, sections 5.3 to 5.6 and 5.11).

use std::borrow::Cow;

use tokio::try_join;

use crate::platform::{
    cipher::encrypted_size,
    json::ObjectWriter,
    lightweight::{BodyStore, LightweightError},
    message::{ENVELOPE, OBJECT_ID, Outgoing},
    passthrough::{Entry, Passthrough},
};

/// A result, ready to be encrypted.
pub(super) struct Envelope {
    /// The AMQP header `messageId`.
    pub(super) id: String,
    /// The message as JSON.
    pub(super) json: Vec<u8>,
    /// The routing key to use instead of the data routing key.
    pub(super) routing_key: Option<String>,
}

/// Writes the message as JSON. `threshold`: total bytes of the bodies above which they go to object storage.
pub(super) async fn compose(
    mut message: Outgoing,
    passthrough: Option<&Passthrough<'_>>,
    threshold: Option<usize>,
    bodies: &BodyStore,
) -> Result<Envelope, LightweightError> {
    let routing_key = message.take_routing_key();
    let id = message.id.to_string();
    let mut passthrough = passthrough.map(Cow::Borrowed);
    if let Some(threshold) = threshold {
        store_large(&mut message, &mut passthrough, threshold, bodies).await?;
    }
    let own = message.to_json();
    let Some(passthrough) = passthrough else { return Ok(Envelope { id, json: own, routing_key }) };
    let mut json = Vec::with_capacity(encrypted_size(own.len() * 2 + passthrough.size_hint() + ENVELOPE));
    let mut object = ObjectWriter::new(&mut json);
    object.fields_of(&own);
    passthrough.write(object.field("passthrough"), &own);
    object.end();
    Ok(Envelope { id, json, routing_key })
}

/// Stores all bodies if together they exceed `threshold`; the message and the entries keep the ids of their objects.
async fn store_large(
    message: &mut Outgoing,
    passthrough: &mut Option<Cow<'_, Passthrough<'_>>>,
    threshold: usize,
    bodies: &BodyStore,
) -> Result<(), LightweightError> {
    let mut body = Vec::with_capacity(message.body.size_hint());
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
