//! The common setup: a step on its stage, and a worker for it.
#![expect(clippy::needless_pass_by_value, reason = "tests write their JSON where they pass it")]

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use podio_sandbox::{Answers, Api, Call};
use podio_test_support::{Ended, Environment, Stage, TestMessage, Worker, until};
use serde_json::{Value, json};

/// Time limit of every single wait in a test.
pub(crate) const BOUND: Duration = Duration::from_secs(20);
/// The action that most tests run.
pub(crate) const REQUEST: &str = "customRequest";

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_podio-component"))
}

/// A config that contains the credential, with a short delay between retries.
pub(crate) fn oauth_config() -> Value {
    json!({
        "oauth": { "access_token": "old-access-token", "refresh_token": "old-refresh-token" },
        "retriesDelay": "50",
    })
}

/// A stage whose step has this `config`; `podio` and `platform` set answers by `METHOD /path`.
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

/// The environment of a worker with this prefetch and without rate limits.
pub(crate) fn environment(stage: &Stage, prefetch: usize) -> Environment {
    stage
        .environment(REQUEST)
        .with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", &prefetch.to_string())
        .with("ELASTICIO_DATA_RATE_LIMIT", "100000")
        .with("ELASTICIO_ERROR_RATE_LIMIT", "100000")
}

/// Starts a worker and waits until it consumes.
pub(crate) async fn consuming_worker(stage: &Stage, environment: &Environment) -> Result<Worker> {
    consuming(stage, Worker::start(program(), environment)?).await
}

/// Waits until a worker consumes.
pub(crate) async fn consuming(stage: &Stage, mut worker: Worker) -> Result<Worker> {
    let consumes = until("the worker's consumer", BOUND, async || {
        ensure!(worker.is_running()?, "the worker ended at start");
        Ok(stage.is_consumed().await?.then_some(()))
    });
    consumes.await.with_context(|| format!("its log:\n{}", worker.log().all().join("\n")))?;
    Ok(worker)
}

/// Waits until Podio has received `count` calls, answered or not; returns them.
pub(crate) async fn wait_for_podio_calls(stage: &Stage, count: usize) -> Result<Vec<Call>> {
    until(&format!("{count} calls to Podio"), BOUND, async || {
        let calls = stage.calls(Api::Podio);
        Ok((calls.len() >= count).then_some(calls))
    })
    .await
}

/// Waits until the queue is empty: all messages have been delivered.
pub(crate) async fn wait_for_empty_queue(stage: &Stage) -> Result<()> {
    until("the last message's delivery", BOUND, async || Ok((stage.waiting().await? == 0).then_some(()))).await
}

/// Waits until the worker got a message again that it knows; `when` is what its log says of that.
pub(crate) async fn wait_for_redelivery(worker: &Worker, when: &str) -> Result<()> {
    let text = format!("delivered again {when}");
    worker.log().wait_until("the redelivery", BOUND, |log| log.iter().any(|line| line.contains(&text))).await.map(drop)
}

/// Processes `count` messages that come at once; all succeed, before `bound`. Returns the worker, which has stopped.
pub(crate) async fn process(stage: &Stage, environment: &Environment, count: usize, bound: Duration) -> Result<Worker> {
    for _ in 0..count {
        stage.send(&TestMessage::get("/user")).await?;
    }
    let mut worker = consuming_worker(stage, environment).await?;
    stage.results.wait_for(count, "results", bound).await?;
    wait_for_empty_queue(stage).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    assert!(emitted.iter().all(|emitted| emitted.routing_key == "data"), "{emitted:?}");
    Ok(worker)
}

/// Stops the worker; fails if it does not exit with code 0 within `bound`.
pub(crate) async fn stop(worker: &mut Worker, bound: Duration) -> Result<()> {
    worker.terminate()?;
    let ended = worker.ended(bound).await?;
    ensure!(ended == Ended(0), "the worker ended with {ended:?}:\n{}", worker.log().all().join("\n"));
    Ok(())
}

/// The number of `calls` with this method and path.
pub(crate) fn count(calls: &[Call], method: &str, path: &str) -> usize {
    calls.iter().filter(|call| call.method == method && call.path == path).count()
}
