//! Bodies in the object storage.

use anyhow::Result;
use serde_json::{Value, json};

use super::{answered, success};
use crate::canary::Canary;
use crate::flow::{Ends, Flow};
use crate::hosts::Hosts;

const STORE: &str = "POST /objects";
const OBJECT: &str = "00000000-0000-4000-8000-000000000001";

/// A result that is stored.
fn stored(name: &'static str, platform: Value) -> Flow {
    Flow::new(name)
        .podio(answered(&json!([success()])))
        .platform(platform)
        .with("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "true")
        .with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "1")
        .with("REQUEST_TIMEOUT", "1000")
        .with("REQUEST_MAX_RETRY", "1")
}

/// A message whose body is in the storage.
fn fetched(name: &'static str, answer: &Value) -> Flow {
    let body = json!({ "x-ipaas-object-storage-id": OBJECT });
    let message = podio_test_support::TestMessage::new(&json!({
        "body": {}, "headers": body, "passthrough": { "step_0": { "body": { "secret": Canary::Passthrough.value() } } },
    }));
    stored(name, json!({ format!("GET /objects/{OBJECT}"): answer })).messages(vec![message])
}

pub(super) fn flows(hosts: &Hosts) -> Result<Vec<Flow>> {
    let said = |status: u16| json!([{ "status": status, "text": Canary::TokenAnswer.value() }]);
    Ok(vec![
        stored("a result that is stored", json!({})).emits(&["data"]),
        stored("a storage that refuses", json!({ STORE: said(401) })),
        stored("a storage that fails", json!({ STORE: said(500) })),
        stored("a storage's page", json!({ STORE: said(200) })),
        stored("a storage that redirects", json!({ STORE: hosts.redirect(307) })),
        stored("a storage that is down", json!({}))
            .with("ELASTICIO_OBJECT_STORAGE_URI", format!("http://{}", hosts.closed()?)),
        stored("a storage that is not HTTP", json!({})).with("ELASTICIO_OBJECT_STORAGE_URI", hosts.garbage.url()),
        stored("a storage token that no header can hold", json!({}))
            .with("ELASTICIO_OBJECT_STORAGE_TOKEN", format!("{}\u{1}", Canary::Malformed.value()))
            .ends(Ends::AtStart),
        fetched("no such object", &said(404)),
        fetched("an object that cannot be decrypted", &said(200)),
        fetched("an object that is refused", &said(401)),
        fetched("an object that fails", &said(503)),
        fetched("an object elsewhere", &hosts.redirect(307)),
    ])
}
