//! Crashes under load: every message must be processed at least once.

use std::collections::HashSet;
use std::io::{Write as _, stderr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use podio_sandbox::{Options, Sandbox};
use podio_test_support::broker::{Broker, Lifetime, Received, StepNames};
use podio_test_support::environment::Endpoints;
use podio_test_support::{Emitted, Environment, PrivateBroker, TestMessage, Worker, until};
use serde_json::{Value, json};

use crate::step::{
    BOUND, REQUEST, answers, consuming_worker, environment, oauth_config, program, stage, step_data, stop,
};

const MESSAGES: usize = 1000;
const PREFETCH: usize = 50;
/// The number of results before the fault.
const BEFORE_FAULT: usize = 525;
/// Time limit for all messages, including the fault and the recovery.
const ALL_BOUND: Duration = Duration::from_secs(120);

/// An answer slow enough to keep the prefetch full: all messages take at least 2 s.
fn user() -> Value {
    json!({ "GET /user": [{ "json": { "user_id": 1 }, "delay": 0.1 }] })
}

/// The `parentMessageId` of every result.
fn answered(results: &[Arc<Received>]) -> Result<Vec<String>> {
    let parents = results.iter().map(|received| {
        let emitted = Emitted::decode(received)?;
        ensure!(emitted.routing_key == "data", "not a result but {}", emitted.payload);
        emitted.text_header("parentMessageId").map(str::to_owned).context("a result without parentMessageId")
    });
    parents.collect()
}

fn inputs() -> Vec<TestMessage> {
    (0..MESSAGES).map(|_| TestMessage::get("/user")).collect()
}

/// Compares the results with the messages, and prints the figures.
fn check(fault: &str, inputs: &[TestMessage], results: &[Arc<Received>], began: Instant) -> Result<()> {
    let answered = answered(results)?;
    let distinct: HashSet<&str> = answered.iter().map(String::as_str).collect();
    let lost = inputs.iter().filter_map(TestMessage::message_id).filter(|id| !distinct.contains(id)).count();
    let duplicates = answered.len() - distinct.len();
    let seconds = began.elapsed().as_secs_f64();
    let (sent, answers) = (inputs.len(), answered.len());
    // To standard error directly, so that the figures of a passing test are shown too.
    let figures =
        format!("{fault}: {sent} messages, {answers} results, {duplicates} duplicates, {lost} lost, {seconds:.1} s");
    writeln!(stderr(), "{figures}")?;
    ensure!(lost == 0, "{lost} messages have no result");
    ensure!(distinct.len() == inputs.len(), "there are results of messages that were never sent");
    // Only messages in flight at the time of the fault may be processed twice.
    ensure!(duplicates <= PREFETCH, "{duplicates} results came twice");
    Ok(())
}

fn count_distinct(results: &[Arc<Received>]) -> usize {
    let headers = results.iter().filter_map(|received| received.delivery.properties.headers().as_ref());
    let parents = headers.filter_map(|headers| headers.inner().get("parentMessageId"));
    parents.map(|parent| format!("{parent:?}")).collect::<HashSet<_>>().len()
}

#[tokio::test]
async fn the_next_worker_processes_the_messages_of_a_killed_one() -> Result<()> {
    let stage = stage("kill", oauth_config(), user(), json!({})).await?;
    let inputs = inputs();
    for input in &inputs {
        stage.send(input).await?;
    }
    let began = Instant::now();
    let mut first = consuming_worker(&stage, &environment(&stage, PREFETCH)).await?;
    stage.results.wait_for(BEFORE_FAULT, "results", BOUND).await?;
    first.kill().await?;
    ensure!(stage.results.count() < MESSAGES, "the worker finished before it was killed");

    let mut second = consuming_worker(&stage, &environment(&stage, PREFETCH)).await?;
    let done = |results: &[Arc<Received>]| count_distinct(results) == MESSAGES;
    let results = stage.results.wait_until("a result of every message", ALL_BOUND, done).await;
    let results = results.with_context(|| second.log().all().join("\n"))?;
    stop(&mut second, BOUND).await?;

    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    check("kill -9 of the worker", &inputs, &results, began)?;
    stage.remove().await
}

#[tokio::test]
async fn a_restart_of_the_broker_loses_nothing() -> Result<()> {
    let private = PrivateBroker::start("restart").await?;
    let names = StepNames::unique("restart");
    let sandbox = sandbox().await?;
    let before = Broker::connect(private.url()).await?;
    before.declare(&names, Lifetime::Restart, &[]).await?;
    let inputs = inputs();
    for input in &inputs {
        before.publish(&names, input).await?;
    }
    let places = Endpoints {
        amqp_url: private.url(),
        queue: &names.input,
        exchange: &names.exchange,
        podio_url: &sandbox.podio_url(),
        platform_url: &sandbox.platform_url(),
    };
    let environment = Environment::for_worker(REQUEST, places)
        .with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", &PREFETCH.to_string())
        .with("ELASTICIO_DATA_RATE_LIMIT", "100000")
        .with("ELASTICIO_AMQP_PERSISTENT_MESSAGES", "true");
    let began = Instant::now();
    let mut worker = Worker::start(program(), &environment)?;
    until("some of the results", BOUND, async || {
        Ok((usize::try_from(before.state(&names.results).await?.ready)? >= BEFORE_FAULT).then_some(()))
    })
    .await?;
    private.restart().await?;

    let after = Broker::connect(private.url()).await?;
    ensure!(
        after.state(&names.results).await?.ready < u32::try_from(MESSAGES)?,
        "the worker finished before the restart"
    );
    let results = after.collect(&names.results).await?;
    let done = |results: &[Arc<Received>]| count_distinct(results) == MESSAGES;
    let results = results.wait_until("a result of every message", ALL_BOUND, done).await;
    let results = results.with_context(|| worker.log().all().join("\n"))?;
    stop(&mut worker, BOUND).await?;

    let left = until("the end of the worker's consumer", BOUND, async || {
        let state = after.state(&names.input).await?;
        Ok((state.consumers == 0).then_some(state.ready))
    });
    assert_eq!(left.await?, 0);
    check("restart of the broker", &inputs, &results, began)
}

/// Podio and the platform for a step whose queues are on another broker.
async fn sandbox() -> Result<Sandbox> {
    let step = step_data(oauth_config());
    let options = Options { only_answers: true, answers: answers(user(), json!({}))?, step, ..Options::default() };
    Ok(podio_sandbox::start(options).await?)
}
