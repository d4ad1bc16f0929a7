//! Puts a result together: the message, what it carries of the steps before, and large bodies left in object storage
//! (contract, section 5).

use super::outbox::Ready;
use crate::platform::{
    bodies::{BodyError, BodyStore, StoredBody},
    cipher::sealed_room,
    json::write_compact,
    message::{ENVELOPE, OBJECT_ID, Outgoing},
    passthrough::{Entry, Passthrough},
};

/// The message as JSON, ready to be sealed. `threshold`: bytes of bodies above which they go to object storage.
pub(super) async fn ready(
    mut message: Outgoing,
    passthrough: Option<&Passthrough<'_>>,
    threshold: Option<usize>,
    bodies: &BodyStore,
) -> Result<Ready, BodyError> {
    let routing_key = message.take_routing_key();
    let id = message.id.to_string();
    let stored = match threshold {
        Some(threshold) => store(&mut message, passthrough, threshold, bodies).await?,
        None => Vec::new(),
    };
    let Some(passthrough) = passthrough else {
        return Ok(Ready { id, json: message.to_json(), routing_key });
    };
    let mut own = Vec::with_capacity(message.body.size_hint() + ENVELOPE);
    message.write_fields(&mut own);
    let mut json = Vec::with_capacity(sealed_room(own.len() * 2 + passthrough.size_hint() + ENVELOPE));
    json.push(b'{');
    json.extend_from_slice(&own);
    passthrough.write(&mut json, &own, &stored);
    json.push(b'}');
    Ok(Ready { id, json, routing_key })
}

/// Stores the bodies when they are too large together: the result keeps its id, the entries' ids are given.
async fn store(
    message: &mut Outgoing,
    passthrough: Option<&Passthrough<'_>>,
    threshold: usize,
    bodies: &BodyStore,
) -> Result<Vec<String>, BodyError> {
    let mut body = Vec::with_capacity(message.body.size_hint());
    message.body.write_json(&mut body);
    let entries = passthrough.map_or(&[][..], |passthrough| &passthrough.entries);
    let entries: Vec<(&Entry<'_>, Vec<u8>)> =
        entries.iter().filter(|entry| entry.is_message()).map(|entry| (entry, compact_body(entry))).collect();
    if body.len() + entries.iter().map(|(_, body)| body.len()).sum::<usize>() <= threshold {
        return Ok(Vec::new());
    }
    let stored = |(entry, body): (&Entry<'_>, Vec<u8>)| match entry.message.object_id() {
        Some(id) => StoredBody::At(id),
        None => StoredBody::New(body),
    };
    let all = std::iter::once(StoredBody::New(body)).chain(entries.into_iter().map(stored)).collect();
    let mut ids = bodies.store(all).await?;
    let own = ids.remove(0);
    message.headers.insert(OBJECT_ID.to_owned(), own);
    message.body = Box::new(serde_json::json!({}));
    Ok(ids)
}

/// An entry's body as compact JSON; `null` when it has none.
fn compact_body(entry: &Entry<'_>) -> Vec<u8> {
    let mut json = Vec::new();
    write_compact(entry.message.body().map_or("null", |body| body.get()), &mut json);
    json
}
