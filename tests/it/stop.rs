//! SIGTERM.

use std::time::{Duration, Instant};

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Ended, Input, until};
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, own_credential, podio_calls, stage, stop};

/// Far under the time-out of one request, 15 s.
const PROMPT: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_long_wait_is_cut_short_and_its_message_left() -> Result<()> {
    let mut config = own_credential();
    config["retriesDelay"] = json!("60000");
    let podio = json!({ "GET /user": [{ "status": 503, "json": {} }] });
    let stage = stage("stop-in-wait", config, podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&Input::get("/user")).await?;
    // The first retry comes at once; the worker waits for the second.
    until("the second answer", BOUND, async || {
        let answered = stage.calls(Api::Podio).iter().filter(|call| call.status == 503).count();
        Ok((answered == 2).then_some(()))
    })
    .await?;
    stop(&mut worker, PROMPT).await?;

    assert_eq!((stage.left().await?, stage.rejected.count(), stage.results.count()), (1, 0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_second_signal_changes_nothing() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 }, "delay": 1.5 }] });
    let stage = stage("stop-twice", own_credential(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&Input::get("/user")).await?;
    podio_calls(&stage, 1).await?;
    worker.terminate()?;
    // It has heard the first signal when it consumes no longer.
    until("the end of consuming", BOUND, async || Ok((!stage.is_consumed().await?).then_some(()))).await?;
    assert!(worker.is_running()?, "a message is in work");
    worker.terminate()?;
    assert_eq!(worker.ended(BOUND).await?, Ended(0));

    let emitted = stage.emitted()?;
    assert_eq!(emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect::<Vec<_>>(), ["data"]);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn an_idle_worker_stops_at_once() -> Result<()> {
    let stage = stage("stop-idle", own_credential(), json!({}), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let asked = Instant::now();
    stop(&mut worker, PROMPT).await?;
    assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
    stage.remove().await
}
