//! All flows of the worker.

mod broker;
mod files;
mod own_tokens;
mod platform;
mod platform_tokens;
mod podio;
mod storage;

use anyhow::Result;
use serde_json::{Value, json};

use crate::canary::Canary;
use crate::flow::{Flow, path};
use crate::hosts::Hosts;

/// All of them.
pub(crate) fn all(hosts: &Hosts) -> Result<Vec<Flow>> {
    Ok([
        podio::flows(hosts),
        own_tokens::flows(hosts)?,
        platform_tokens::flows(hosts),
        platform::flows(hosts)?,
        storage::flows(hosts)?,
        files::flows(hosts),
        broker::flows(hosts)?,
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// These answers of Podio to the request that every flow sends by default.
fn answered(answers: &Value) -> Value {
    json!({ format!("POST {}", path()): answers })
}

/// A success of Podio, with secrets of its own.
fn success() -> Value {
    let headers = json!({ "set-cookie": format!("session={}", Canary::PodioHeader.value()) });
    json!({ "json": { "answer": Canary::PodioAnswer.value() }, "headers": headers })
}

/// A body that repeats secrets that the server was sent.
fn echo(sent: &[Canary]) -> String {
    let sent: Vec<&str> = sent.iter().map(|secret| secret.value()).collect();
    json!({ "error": "echo", "error_description": sent }).to_string()
}

/// An access token that Podio rejects.
fn expired() -> Value {
    json!({ "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" } })
}
