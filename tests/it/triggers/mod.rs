//! The triggers of the built program, against the sandbox with its apps, items and hooks.

mod polling;
mod webhook;

use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use podio_sandbox::{Api, Options, Sandbox};
use podio_test_support::{Ended, Environment, Stage, run_to_end};
use serde_json::{Value, json};

use crate::step::{BOUND, environment, program};

/// The sandbox's app Companies, whose items need a name.
const APP: u64 = 30_816_002;
/// 2030-01-01T00:00:00Z, later than all items that the sandbox has at its start.
const START: Duration = Duration::from_secs(1_893_456_000);
/// [`START`] as a builder writes it.
const START_TIME: &str = "2030-01-01T00:00:00.000Z";

/// A sandbox whose clock stands at [`START`].
async fn sandbox() -> Result<Sandbox> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    set_clock(&sandbox, 0);
    Ok(sandbox)
}

fn set_clock(sandbox: &Sandbox, second: u64) {
    sandbox.set_clock(Some(SystemTime::UNIX_EPOCH + START + Duration::from_secs(second)));
}

/// Calls Podio as somebody else would; returns the answers.
async fn call(sandbox: &Sandbox, requests: &[(&str, String, Value)]) -> Result<Vec<Value>> {
    let message = |(method, url, data): &(&str, String, Value)| {
        json!({ "body": { "method": method, "url": url, "data": data } }).to_string()
    };
    let url = sandbox.podio_url();
    let arguments = ["exec", "--function", "customRequest", "--sandbox", &url].map(str::to_owned);
    let arguments: Vec<String> = arguments.into_iter().chain(requests.iter().map(message)).collect();
    let finished = run_to_end(program(), &arguments, &[], "", BOUND).await?;
    ensure!(finished.ended == Ended(0), "{}{}", finished.output, finished.errors);
    let lines: Vec<Value> = finished.output.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    Ok(lines.into_iter().map(|line| line["body"]["responseBody"].clone()).collect())
}

/// Makes companies with these names; returns their ids.
async fn create(sandbox: &Sandbox, names: &[&str]) -> Result<Vec<u64>> {
    let request = |name: &&str| ("POST", format!("/item/app/{APP}/"), json!({ "fields": { "name": name } }));
    let made = call(sandbox, &names.iter().map(request).collect::<Vec<_>>()).await?;
    Ok(made.iter().filter_map(|item| item["item_id"].as_u64()).collect())
}

/// Gives companies other names.
async fn rename(sandbox: &Sandbox, names: &[(u64, &str)]) -> Result<()> {
    let request = |(id, name): &(u64, &str)| ("PUT", format!("/item/{id}"), json!({ "fields": { "name": name } }));
    call(sandbox, &names.iter().map(request).collect::<Vec<_>>()).await.map(drop)
}

fn podio_calls(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls().into_iter().filter(|call| call.api == Api::Podio);
    calls.map(|call| format!("{} {}", call.method, call.path)).collect()
}

/// The step's config, with the sandbox's credential.
fn config(fields: &Value) -> Value {
    let mut config = json!({
        "oauth": { "access_token": "sandbox-access-token", "refresh_token": "sandbox-refresh-token" },
        "app": APP,
    });
    for (name, value) in fields.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    config
}

/// The environment of a worker of a trigger that calls `sandbox` in the place of Podio.
fn worker_of(stage: &Stage, function: &str, sandbox: &Sandbox) -> Environment {
    environment(stage, 1)
        .with("ELASTICIO_FUNCTION", function)
        .with("PODIO_API_URL", &sandbox.podio_url())
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", sandbox.podio_url()))
        .with("ELASTICIO_SNAPSHOT_RATE_LIMIT", "100000")
}
