//! A guard against creeping cost that needs no clock: allocations per message, on the whole way from the queue to the
//! acknowledgement, held to a committed figure. A change that moves it says so by changing the figure here.

use std::io::{Write as _, stderr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use podio_sandbox::Answers;
use podio_test_support::{Ended, Stage, TestMessage, Worker};
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

/// Blocks and bytes that a worker allocated for so many messages, its start and stop included.
async fn allocated(messages: u32) -> Result<(f64, f64)> {
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

#[tokio::test]
async fn allocations_per_message_are_as_committed() -> Result<()> {
    let (few, many) = (allocated(FEW).await?, allocated(MANY).await?);
    let each = |few: f64, many: f64| (many - few) / f64::from(MANY - FEW);
    let (blocks, bytes) = (each(few.0, many.0), each(few.1, many.1));
    writeln!(stderr(), "allocations per message: {blocks:.1}, {bytes:.0} bytes in all; committed: {ALLOCATIONS}")?;
    ensure!(
        (blocks / ALLOCATIONS - 1.0).abs() <= TOLERANCE,
        "{blocks:.1} allocations per message instead of {ALLOCATIONS}: a change made messages dearer, or cheaper. If that \
         is wanted, commit the new figure in {}",
        file!()
    );
    Ok(())
}
