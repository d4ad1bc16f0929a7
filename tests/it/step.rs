//! What these tests begin with: a step on its stage, and a worker for it.
#![expect(clippy::needless_pass_by_value, reason = "tests write their JSON where they pass it")]

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use podio_sandbox::{Answers, Api, Call};
use podio_test_support::{Ended, Environment, Stage, Worker, until};
use serde_json::{Value, json};

/// No single thing takes longer; a test that waits so long fails.
pub(crate) const BOUND: Duration = Duration::from_secs(20);
/// The name of the action that most tests run.
pub(crate) const REQUEST: &str = "customRequest";

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_podio-component"))
}

/// A credential that the step's config carries itself, with short waits between retries.
pub(crate) fn own_credential() -> Value {
    json!({
        "oauth": { "access_token": "old-access-token", "refresh_token": "old-refresh-token" },
        "retriesDelay": "50",
    })
}

/// A stage whose step has this `config`; `podio` and `platform` order answers by `METHOD /path`.
pub(crate) async fn stage(label: &str, config: Value, podio: Value, platform: Value) -> Result<Stage> {
    let stage = Stage::set(label, &[]).await?;
    stage.sandbox.set_step(&step_data(config));
    stage.sandbox.set_answers(answers(podio, platform)?)?;
    Ok(stage)
}

/// The step data with this `config`.
pub(crate) fn step_data(config: Value) -> Value {
    json!({ "config": config, "snapshot": {} })
}

/// Answers by `METHOD /path`.
pub(crate) fn answers(podio: Value, platform: Value) -> Result<Answers> {
    Ok(serde_json::from_value(json!({ "podio": podio, "platform": platform }))?)
}

/// The environment of a worker that takes `prefetch` messages at once, and publishes as fast as it can.
pub(crate) fn environment(stage: &Stage, prefetch: usize) -> Environment {
    stage
        .environment(REQUEST)
        .with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", &prefetch.to_string())
        .with("ELASTICIO_DATA_RATE_LIMIT", "100000")
        .with("ELASTICIO_ERROR_RATE_LIMIT", "100000")
}

/// Starts a worker and waits until it consumes.
pub(crate) async fn consuming_worker(stage: &Stage, environment: &Environment) -> Result<Worker> {
    let mut worker = Worker::start(program(), environment)?;
    until("the worker's consumer", BOUND, async || {
        ensure!(worker.is_running()?, "the worker ended at start:\n{}", worker.log().all().join("\n"));
        Ok(stage.is_consumed().await?.then_some(()))
    })
    .await?;
    Ok(worker)
}

/// Waits until `count` calls have come to Podio, answered or not; returns them.
pub(crate) async fn podio_calls(stage: &Stage, count: usize) -> Result<Vec<Call>> {
    until(&format!("{count} calls of Podio"), BOUND, async || {
        let calls = stage.calls(Api::Podio);
        Ok((calls.len() >= count).then_some(calls))
    })
    .await
}

/// Waits until no message waits in the queue: all are settled or in work.
pub(crate) async fn all_taken(stage: &Stage) -> Result<()> {
    until("the last message's delivery", BOUND, async || Ok((stage.waiting().await? == 0).then_some(()))).await
}

/// Asks the worker to stop; it must end in order, within `bound`.
pub(crate) async fn stop(worker: &mut Worker, bound: Duration) -> Result<()> {
    worker.terminate()?;
    let ended = worker.ended(bound).await?;
    ensure!(ended == Ended(0), "the worker ended with {ended:?}:\n{}", worker.log().all().join("\n"));
    Ok(())
}

/// How many of `calls` were `METHOD /path`.
pub(crate) fn count(calls: &[Call], method: &str, path: &str) -> usize {
    calls.iter().filter(|call| call.method == method && call.path == path).count()
}
