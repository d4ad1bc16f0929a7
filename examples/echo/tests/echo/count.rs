//! The trigger as the platform runs it: what it remembers, and what a crash does to that.

use anyhow::{Context, Result};
use podio_test_support::{Emitted, Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::{BOUND, consuming, environment, stage, stop};

/// What the platform's scheduler sends.
const TICK: &str = r#"{"body":{}}"#;

async fn tick(stage: &Stage) -> Result<()> {
    stage.send(&TestMessage::from_text(TICK)).await
}

/// Routing key and count of each emit.
fn counts(emitted: &[Emitted]) -> Vec<(&str, Option<u64>)> {
    let count = |emitted: &Emitted| {
        let value: &Value = if emitted.routing_key == "data" { &emitted.payload["body"] } else { &emitted.payload };
        value["count"].as_u64()
    };
    emitted.iter().map(|emitted| (emitted.routing_key.as_str(), count(emitted))).collect()
}

/// Runs a worker until `ticks` messages are done, with two emits each unless the flow is a sample.
async fn run(stage: &Stage, environment: &Environment, ticks: usize, emits: usize) -> Result<Vec<String>> {
    let worker = consuming(stage, environment).await?;
    let before = stage.results.count();
    for done in 1..=ticks {
        tick(stage).await?;
        stage.results.wait_for(before + done * emits / ticks, "emits", BOUND).await?;
    }
    let log = worker.log().clone();
    stop(worker).await?;
    Ok(log.all())
}

#[tokio::test]
async fn the_next_message_sees_the_snapshot_and_so_does_the_next_process() -> Result<()> {
    let stage = stage("count", &[], r#"{"snapshot":{"count":5}}"#).await?;
    run(&stage, &environment(&stage, "count"), 2, 4).await?;
    let emitted = stage.emitted()?;
    let wanted = [("data", Some(6)), ("snapshot", Some(6)), ("data", Some(7)), ("snapshot", Some(7))];
    assert_eq!(counts(&emitted), wanted);

    // The platform stores what is emitted.
    let stored = &emitted.last().context("a snapshot")?.payload;
    stage.sandbox.set_step(&json!({ "snapshot": stored }));
    run(&stage, &environment(&stage, "count"), 1, 2).await?;
    assert_eq!(counts(&stage.emitted()?)[4..], [("data", Some(8)), ("snapshot", Some(8))]);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_crash_between_result_and_snapshot_repeats_the_result() -> Result<()> {
    let stage = stage("count-crash", &["snapshot"], "{}").await?;
    let environment = environment(&stage, "count");
    let mut worker = consuming(&stage, &environment).await?;
    tick(&stage).await?;
    stage.results.wait_for(1, "the result", BOUND).await?;
    let unpublished = |log: &[String]| log.iter().any(|line| line.contains("not published; trying again"));
    worker.log().wait_until("the snapshot that no queue takes", BOUND, unpublished).await?;
    worker.kill().await?;

    stage.bind("snapshot").await?;
    let worker = consuming(&stage, &environment).await?;
    stage.results.wait_for(3, "the message again", BOUND).await?;
    tick(&stage).await?;
    stage.results.wait_for(5, "the next message", BOUND).await?;
    stop(worker).await?;
    let wanted =
        [("data", Some(1)), ("data", Some(1)), ("snapshot", Some(1)), ("data", Some(2)), ("snapshot", Some(2))];
    assert_eq!(counts(&stage.emitted()?), wanted);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn the_trigger_sees_that_the_flow_is_a_sample() -> Result<()> {
    let stage = stage("count-sample", &[], r#"{"snapshot":{"count":5}}"#).await?;
    for (flow_type, emits) in [("debug", 1), ("long_running", 2), ("ordinary", 2), ("", 2)] {
        let before = stage.results.count();
        let environment = environment(&stage, "count").with("ELASTICIO_FLOW_TYPE", flow_type);
        run(&stage, &environment, 1, emits).await?;
        assert_eq!(stage.results.count() - before, emits, "{flow_type}");
    }
    stage.remove().await
}

#[tokio::test]
async fn a_snapshot_that_is_no_object_is_none_and_the_operator_is_told() -> Result<()> {
    let stage = stage("count-text", &[], r#"{"snapshot":"sEcReT"}"#).await?;
    let log = run(&stage, &environment(&stage, "count"), 1, 2).await?;
    assert_eq!(counts(&stage.emitted()?), [("data", Some(1)), ("snapshot", Some(1))]);
    let said = log.iter().filter(|line| line.contains("the step's snapshot is text, not an object")).count();
    assert_eq!(said, 1, "{log:?}");
    assert!(!log.iter().any(|line| line.contains("sEcReT")), "{log:?}");
    stage.remove().await
}
