//! The memory that large messages need, one after the other and together.

use std::io::{Write as _, stderr};

use std::time::Duration;

use anyhow::{Result, ensure};
use podio_sandbox::Api;
use podio_test_support::{Stage, TestMessage, Worker, cipher};
use serde_json::{Map, Value, json};

use crate::step::{BOUND, consuming_worker, count, environment, oauth_config, stage, step_data, stop};

/// The size of a large answer.
const SIZE: u64 = 10_000_000;
/// What it may add to an idle worker. At the peak there are the encrypted text, kept until its confirm, and lapin's copy
/// of it in frames; each is a third longer than the answer.
const GROWTH: u64 = SIZE * 13 / 4;

#[tokio::test]
async fn large_answers_are_copied_few_times() -> Result<()> {
    let podio = json!({ "GET /large": [{ "size": SIZE }] });
    let stage = stage("memory", oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", "100000000");
    let mut worker = consuming_worker(&stage, &environment).await?;
    let idle = worker.peak_memory()?;
    // Several, since memory of the first must be free again before the next needs it.
    for _ in 0..5 {
        stage.send(&TestMessage::get("/large")).await?;
    }
    stage.results.wait_for(5, "results", LONG).await?;
    let growth = worker.peak_memory()? - idle;
    writeln!(stderr(), "answers of {SIZE} bytes: {growth} bytes more than idle ({idle})")?;
    ensure!(growth <= GROWTH, "a large answer took {growth} bytes of memory, {GROWTH} are allowed");
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

/// The size of many large answers: RabbitMQ 4 takes messages of up to 16 MiB.
const LARGE: u64 = 11_000_000;
/// The memory of the platform's containers.
const CONTAINER: u64 = 256_000_000;
/// How long many large messages may take, without optimizations.
const LONG: Duration = Duration::from_secs(120);

/// A stage on which Podio gives large and small answers.
async fn large_and_small(label: &str) -> Result<Stage> {
    let podio = json!({
        "GET /large": [{ "size": LARGE, "headers": { "content-encoding": "identity" } }],
        "GET /compressed": [{ "size": LARGE }],
        "GET /small": [{ "json": {} }],
    });
    stage(label, oauth_config(), podio, json!({})).await
}

/// Writes and checks the memory at the peak.
fn ensure_within_container(worker: &Worker, what: &str) -> Result<()> {
    let peak = worker.peak_memory()?;
    writeln!(stderr(), "{what}: {peak} bytes at the peak")?;
    ensure!(peak < CONTAINER, "{what}: {peak} bytes of memory, more than the {CONTAINER} of a container");
    Ok(())
}

#[tokio::test]
async fn many_large_answers_share_the_budget() -> Result<()> {
    let stage = large_and_small("memory-shared").await?;
    let environment = environment(&stage, 20).with("ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", "100000000");
    let mut worker = consuming_worker(&stage, &environment).await?;
    for index in 0..20 {
        let url = if index % 4 == 0 { "/compressed" } else { "/large" };
        stage.send(&TestMessage::get(url)).await?;
    }
    let results = stage.results.wait_for(20, "results", LONG).await?;
    ensure!(results.iter().all(|result| result.delivery.routing_key.as_str() == "data"), "not all are results");
    // Their waits for memory are longer than the time-out of a call, which does not count them.
    assert_eq!(stage.calls(Api::Podio).len(), 20);
    ensure_within_container(&worker, "20 answers of 11 MB at prefetch 20")?;
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn what_never_fits_is_that_message_s_error() -> Result<()> {
    let stage = large_and_small("memory-never").await?;
    let environment = environment(&stage, 5).with("ELASTICIO_MEMORY_BUDGET", "10000000");
    let mut worker = consuming_worker(&stage, &environment).await?;
    for url in ["/large", "/small", "/large", "/small"] {
        stage.send(&TestMessage::get(url)).await?;
    }
    stage.results.wait_for(4, "outcomes", BOUND).await?;
    let (errors, results): (Vec<_>, Vec<_>) =
        stage.emitted()?.into_iter().partition(|emitted| emitted.routing_key == "error");
    assert_eq!((errors.len(), results.len()), (2, 2));
    for error in errors {
        let text = error.error_message()?;
        for part in ["GET /large", "takes 11000011 bytes", "ELASTICIO_MEMORY_BUDGET", "10000384 are allowed"] {
            ensure!(text.contains(part), "no {part:?} in: {text}");
        }
    }
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn one_object_in_many_passthrough_entries_takes_the_memory_of_one() -> Result<()> {
    let stage = large_and_small("memory-entries").await?;
    let mut step = step_data(oauth_config());
    step["is_passthrough"] = json!(true);
    stage.sandbox.set_step(&step);
    let object = json!({ "text": "x".repeat(5_000_000) }).to_string();
    let id = stage.sandbox.put_object(cipher::encrypt_raw(object.as_bytes())).to_string();
    let entry = json!({ "body": {}, "headers": { "x-ipaas-object-storage-id": id } });
    let entries: Map<String, Value> = (0..200).map(|index| (format!("before_{index}"), entry.clone())).collect();
    let mut worker = consuming_worker(&stage, &environment(&stage, 5)).await?;
    let get = json!({ "method": "GET", "url": "/small" });
    stage.send(&TestMessage::new(&json!({ "body": get, "headers": {}, "passthrough": entries }))).await?;
    stage.results.wait_for(1, "outcome", LONG).await?;
    let emitted = stage.emitted()?;
    let text = emitted[0].error_message()?;
    ensure!(text.starts_with("Outgoing message size 1333"), "{text}");
    assert_eq!(count(&stage.calls(Api::Platform), "GET", &format!("/objects/{id}")), 1);
    ensure_within_container(&worker, "a result of 1 GB that one object of 5 MB makes")?;
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}
