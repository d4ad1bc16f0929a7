//! The actions with items, against a sandbox that behaves as Podio does.

mod calls_doc;
mod changed_apps;
mod choices;
mod files;
mod gone;
mod large_results;
mod lookups;
mod lost_answers;
mod refusals;
mod upserts;

use anyhow::{Context, Result};
use podio_sandbox::{Api, Options};
use podio_test_support::{Emitted, Stage, TestMessage};
use serde_json::{Map, Value, json};

use crate::step::{BOUND, consuming_worker, environment, step_data, stop};

/// The sandbox's app with a field of every type.
const LEADS: u64 = 30_816_001;

/// A step whose Podio behaves normally. `fields` are those of its form, the app's beside them.
async fn live_stage(label: &str, fields: Value) -> Result<Stage> {
    let mut stage = Stage::set(label, &[]).await?;
    stage.sandbox = podio_sandbox::start(Options::default()).await?;
    set_fields(&stage, fields);
    Ok(stage)
}

/// Fills in the step's form anew.
fn set_fields(stage: &Stage, fields: Value) {
    let mut config = json!({
        "oauth": { "access_token": "sandbox-access-token", "refresh_token": "sandbox-refresh-token" },
        "retriesDelay": "50",
        "app": LEADS,
    });
    let fields: Map<String, Value> = serde_json::from_value(fields).unwrap_or_default();
    for (name, value) in fields {
        config[name] = value;
    }
    stage.sandbox.set_step(&step_data(config));
}

/// Sends messages with these bodies to a worker of the step, `prefetch` of them at once; returns what comes out, of which
/// there are `emits`, in order.
async fn run(stage: &Stage, function: &str, bodies: &[Value], emits: usize, prefetch: usize) -> Result<Vec<Emitted>> {
    let before = stage.results.count();
    let environment = environment(stage, prefetch).with("ELASTICIO_FUNCTION", function);
    let mut worker = consuming_worker(stage, &environment).await?;
    for body in bodies {
        stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    }
    stage.results.wait_for(before + emits, "emits", BOUND * 3).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?.split_off(before);
    anyhow::ensure!(emitted.len() == emits, "{emitted:?}");
    Ok(emitted)
}

/// The body of the only result of one message.
async fn result(stage: &Stage, function: &str, body: Value) -> Result<Value> {
    let emitted = run(stage, function, &[body], 1, 1).await?.pop().context("a result")?;
    anyhow::ensure!(emitted.routing_key == "data", "{}", emitted.text);
    Ok(emitted.payload["body"].clone())
}

/// The error of one message: its text and its code.
async fn error(stage: &Stage, function: &str, body: Value) -> Result<(String, String)> {
    let emitted = run(stage, function, &[body], 1, 1).await?.pop().context("an error")?;
    let code = emitted.payload["error"]["code"].as_str().unwrap_or_default().to_owned();
    Ok((emitted.error_message()?.to_owned(), code))
}

/// The calls of Podio since the journal was cleared: method, and path without ids.
fn calls(stage: &Stage) -> Vec<String> {
    let calls = stage.calls(Api::Podio);
    stage.sandbox.clear_calls();
    let template = |path: &str| {
        let is_id = |part: &str| part.parse::<u64>().is_ok() || part.starts_with("crm-");
        path.split('/').map(|part| if is_id(part) { "{id}" } else { part }).collect::<Vec<_>>().join("/")
    };
    calls.iter().map(|call| format!("{} {}", call.method, template(&call.path))).collect()
}
