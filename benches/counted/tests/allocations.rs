//! A guard against creeping cost that needs no clock: allocations per message, on the whole way from the queue to the
//! acknowledgement, held to a committed figure. A change that moves it says so by changing the figure here.

use std::io::{Write as _, stderr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use podio_sandbox::Answers;
use podio_test_support::{Ended, OtlpReceiver, Stage, TestMessage, Worker, own_address};
use serde_json::json;

/// Allocations per message: a GET whose answer is 1 KB of JSON, at prefetch 10.
const ALLOCATIONS: f64 = 169.2;
/// How far a run may be from it, either way.
const TOLERANCE: f64 = 0.05;

/// Two runs, whose difference holds nothing of the start and the stop.
const FEW: u32 = 200;
/// See [`FEW`].
const MANY: u32 = 1200;
const BOUND: Duration = Duration::from_secs(60);

/// How much dearer a message may be with all logs and figures than without any.
const TOLD: f64 = 0.05;
/// How much dearer it may be with traces as well: a span has a name, an id and a list of attributes, all allocated.
const TRACED: f64 = 0.7;

/// Blocks and bytes that a worker allocated for so many messages, its start and stop included; `variables` are set besides
/// its own.
async fn allocated(messages: u32, variables: &[(&str, &str)]) -> Result<(f64, f64)> {
    let stage = Stage::set("allocations", &[]).await?;
    stage.sandbox.set_step(&json!({ "config": { "oauth": { "access_token": "token" } }, "snapshot": {} }));
    let answer = json!({ "podio": { "GET /user": [{ "json": { "text": "x".repeat(1000) } }] } });
    stage.sandbox.set_answers(serde_json::from_value::<Answers>(answer)?)?;
    for _ in 0..messages {
        stage.send(&TestMessage::get("/user")).await?;
    }
    let environment = stage
        .environment("customRequest")
        .with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", "10")
        .with("ELASTICIO_DATA_RATE_LIMIT", "100000")
        .with("LOG_LEVEL", "info");
    let environment = variables.iter().fold(environment, |environment, (name, value)| environment.with(name, value));
    let mut worker = Worker::start(Path::new(env!("CARGO_BIN_EXE_podio-bench-counted")), &environment)?;
    stage.results.wait_for(usize::try_from(messages)?, "results", BOUND).await?;
    worker.terminate()?;
    ensure!(worker.ended(BOUND).await? == Ended(0), "{}", worker.log().all().join("\n"));
    stage.remove().await?;
    let log = worker.log().all();
    let line =
        log.iter().find_map(|line| line.strip_prefix("allocated ")).context("the worker tells no allocations")?;
    let (blocks, bytes) = line.split_once(' ').context("two numbers")?;
    Ok((blocks.parse()?, bytes.parse()?))
}

/// The same of one message.
async fn each(variables: &[(&str, &str)]) -> Result<(f64, f64)> {
    let (few, many) = (allocated(FEW, variables).await?, allocated(MANY, variables).await?);
    let each = |few: f64, many: f64| (many - few) / f64::from(MANY - FEW);
    Ok((each(few.0, many.0), each(few.1, many.1)))
}

#[tokio::test]
async fn allocations_per_message_are_as_committed() -> Result<()> {
    let (blocks, bytes) = each(&[]).await?;
    writeln!(stderr(), "allocations per message: {blocks:.1}, {bytes:.0} bytes in all; committed: {ALLOCATIONS}")?;
    ensure!(
        (blocks / ALLOCATIONS - 1.0).abs() <= TOLERANCE,
        "{blocks:.1} allocations per message instead of {ALLOCATIONS}: a change made messages dearer, or cheaper. If that \
         is wanted, commit the new figure in {}",
        file!()
    );
    Ok(())
}

#[tokio::test]
async fn telling_costs_little() -> Result<()> {
    let address = own_address().to_string();
    let collector = OtlpReceiver::start().await?;
    let (silent, metrics) = (("LOG_LEVEL", "error"), ("PODIO_HTTP_ADDRESS", address.as_str()));
    let (off, _) = each(&[silent]).await?;
    let (told, _) = each(&[metrics]).await?;
    let (traced, _) = each(&[metrics, ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())]).await?;
    let dearer = |on: f64| on / off - 1.0;
    writeln!(
        stderr(),
        "allocations per message: {off:.1} silent, {told:.1} (+{:.1} %) with logs and metrics, {traced:.1} (+{:.1} %) with \
         traces too",
        dearer(told) * 100.0,
        dearer(traced) * 100.0
    )?;
    ensure!(dearer(told) <= TOLD, "logs and metrics cost {:.1} %", dearer(told) * 100.0);
    ensure!(dearer(traced) <= TRACED, "traces cost {:.1} %", dearer(traced) * 100.0);
    Ok(())
}
