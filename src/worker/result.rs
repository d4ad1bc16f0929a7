//! Puts a result together: the message, what it carries of the steps before, and large bodies left in object storage
//! (contract, section 5).

use super::outbox::Ready;
use crate::platform::{
    bodies::{BodyError, BodyStore, StoredBody},
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
    let mut json = Vec::with_capacity(own.len() * 2 + passthrough.body_size() + ENVELOPE);
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
    let total = body.len() + passthrough.map_or(0, Passthrough::body_size);
    if total <= threshold {
        return Ok(Vec::new());
    }
    let all = std::iter::once(StoredBody::New(body)).chain(entries.iter().map(stored_body)).collect();
    let mut ids = bodies.store(all).await?;
    let own = ids.remove(0);
    message.headers.insert(OBJECT_ID.to_owned(), own);
    message.body = Box::new(serde_json::json!({}));
    Ok(ids)
}

fn stored_body(entry: &Entry<'_>) -> StoredBody {
    if let Some(id) = entry.message.object_id() {
        return StoredBody::At(id);
    }
    let mut json = Vec::new();
    write_compact(entry.message.body().map_or("null", |body| body.get()), &mut json);
    StoredBody::New(json)
}
