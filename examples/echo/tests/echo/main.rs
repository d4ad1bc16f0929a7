//! The built program: as the platform's worker against a real broker, and as a command of its own.

mod count;
mod exec;
mod hooks;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use podio_test_support::{Ended, Environment, Stage, TestMessage, Worker, until};

/// No single thing takes longer; a test that waits so long fails.
const BOUND: Duration = Duration::from_secs(20);
/// What a program that reads numbers into its own types would change.
const BODY: &str = r#"{"id":12345678901234567,"price":1.50,"tiny":1E-7,"list":[null,true,"ä"],"empty":{}}"#;

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_echo-component"))
}

/// A stage with a step that has these data.
async fn stage(label: &str, unbound: &[&str], step: &str) -> Result<Stage> {
    let unbound: Vec<String> = unbound.iter().map(|key| (*key).to_owned()).collect();
    let stage = Stage::set(label, &unbound).await?;
    stage.sandbox.set_step(&step.parse()?);
    Ok(stage)
}

/// The environment of a worker of the stage's step.
fn environment(stage: &Stage, function: &str) -> Environment {
    stage.environment(function).without("PODIO_API_URL")
}

/// A worker that consumes the stage's queue.
async fn consuming(stage: &Stage, environment: &Environment) -> Result<Worker> {
    let mut worker = Worker::start(program(), environment)?;
    until("the worker's consumer", BOUND, async || {
        ensure!(worker.is_running()?, "the worker ended at start:\n{}", worker.log().all().join("\n"));
        Ok(stage.is_consumed().await?.then_some(()))
    })
    .await?;
    Ok(worker)
}

/// Asks the worker to stop; it must end in order.
async fn stop(mut worker: Worker) -> Result<()> {
    worker.terminate()?;
    let ended = worker.ended(BOUND).await?;
    ensure!(ended == Ended(0), "the worker ended with {ended:?}:\n{}", worker.log().all().join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_body_comes_out_as_it_came_in_and_the_message_is_acknowledged() -> Result<()> {
    let stage = stage("echo", &[], "{}").await?;
    let worker = consuming(&stage, &environment(&stage, "echo")).await?;
    let bodies = [BODY, "null", "[1.0,-0]", r#""text""#, "1.50"];
    for (before, body) in bodies.iter().enumerate() {
        stage.send(&TestMessage::from_text(&format!(r#"{{"body":{body}}}"#))).await?;
        stage.results.wait_for(before + 1, "results", BOUND).await?;
    }
    stop(worker).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted.len(), bodies.len());
    for (result, body) in emitted.iter().zip(bodies) {
        assert_eq!(result.routing_key, "data");
        assert!(result.text.contains(&format!(r#""body":{body},"#)), "{body} became {}", result.text);
    }
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0), "all are acknowledged");
    let calls: Vec<_> = stage.sandbox.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(calls, ["/v1/tasks/flow1/steps/step_2"], "nothing is asked for but the step's data");
    stage.remove().await
}

#[tokio::test]
async fn a_message_without_a_body_is_an_error_that_says_so() -> Result<()> {
    let stage = stage("echo-no-body", &[], "{}").await?;
    let worker = consuming(&stage, &environment(&stage, "echo")).await?;
    stage.send(&TestMessage::from_text(r#"{"headers":{}}"#)).await?;
    stage.rejected.wait_for(1, "rejected messages", BOUND).await?;
    stop(worker).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted.len(), 1);
    assert_eq!(emitted[0].routing_key, "error");
    assert_eq!(emitted[0].error_message()?, "The message has no \"body\": nothing to echo.");
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}

#[test]
fn the_page_shows_the_files_and_they_are_short() {
    let page = include_str!("../../../../docs/second-component.md");
    let files =
        [include_str!("../../Cargo.toml"), include_str!("../../component.json"), include_str!("../../src/main.rs")];
    for file in files {
        assert!(page.contains(file), "docs/second-component.md does not show this file as it is:\n{file}");
    }
    let lines: usize = files.iter().map(|file| file.lines().count()).sum();
    assert!(lines <= 130, "a component takes {lines} lines, and the page says that it takes few");
}
