//! The memory that a large message needs.

use std::io::{Write as _, stderr};

use anyhow::{Result, ensure};
use podio_test_support::TestMessage;
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

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
    stage.results.wait_for(5, "results", BOUND).await?;
    let growth = worker.peak_memory()? - idle;
    writeln!(stderr(), "answers of {SIZE} bytes: {growth} bytes more than idle ({idle})")?;
    ensure!(growth <= GROWTH, "a large answer took {growth} bytes of memory, {GROWTH} are allowed");
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}
