//! What a large message takes of memory.

use std::io::{Write as _, stderr};

use anyhow::{Result, ensure};
use podio_test_support::TestMessage;
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, own_credential, stage, stop};

/// The size of a large answer.
const SIZE: u64 = 10_000_000;
/// What it adds to an idle worker: the sealed text that waits for its confirm, and the client library's copy of it in
/// frames, each a third longer than the answer; before that the answer and the text.
const GROWTH: u64 = SIZE * 13 / 4;

#[tokio::test]
async fn large_answers_pass_through_few_copies() -> Result<()> {
    let podio = json!({ "GET /large": [{ "size": SIZE }] });
    let stage = stage("memory", own_credential(), podio, json!({})).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", "100000000");
    let mut worker = consuming_worker(&stage, &environment).await?;
    let idle = worker.peak_memory()?;
    // Several, since what the first leaves behind must not lie beside the next.
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
