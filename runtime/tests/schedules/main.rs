//! The whole worker under random schedules: a model of a broker delivers, confirms in any order, returns, refuses, and cuts
//! connections, as its seed says. Whatever it does, a message is settled only after the confirms of all its emits, its
//! emits come once, and no more messages are in work than the prefetch.
//!
//! `SCHEDULES=3000` runs more of them, `SEED=7` a single one (`docs/testing.md`).

mod connection;
mod frames;
mod model;
mod publishes;
mod worker;

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use model::{Model, Shape};
use podio_test_corpus::seeds;

/// How many schedules there are, unless `SCHEDULES` says otherwise.
const SCHEDULES: u64 = 60;
/// The longest time of one schedule.
const BOUND: Duration = Duration::from_secs(60);

/// Runs a worker on the messages of one seed until all are settled.
async fn run(seed: u64, shape: Shape) -> Result<()> {
    let model = Model::new(seed, shape);
    let outcome = tokio::time::timeout(BOUND, worker::work_off(&model)).await;
    outcome.with_context(|| format!("messages are left: {}", model.left()))??;
    let problems = model.problems();
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

async fn all(shape: fn(u64) -> Shape) -> Result<()> {
    for seed in seeds(SCHEDULES) {
        run(seed, shape(seed)).await.with_context(|| format!("SEED={seed}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_settled_after_their_confirms_in_any_order() -> Result<()> {
    all(|seed| Shape { messages: 20, prefetch: 1 + seed % 7, refusals: seed % 3 * 15, cuts: 0 }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_once_over_connections_that_break() -> Result<()> {
    all(|seed| Shape { messages: 12, prefetch: 1 + seed % 5, refusals: seed % 2 * 10, cuts: 1 + seed % 3 }).await
}
