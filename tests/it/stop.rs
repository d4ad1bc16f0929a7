//! SIGTERM and SIGINT.

use std::time::{Duration, Instant};

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Ended, Input, Worker, until};
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, own_credential, podio_calls, program, stage, stop};

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

#[tokio::test]
async fn an_interrupt_is_a_request_to_stop_too() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 }, "delay": 0.5 }] });
    let stage = stage("interrupt", own_credential(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&Input::get("/user")).await?;
    podio_calls(&stage, 1).await?;
    worker.interrupt()?;
    assert_eq!(worker.ended(BOUND).await?, Ended(0));
    assert_eq!((stage.emitted()?.len(), stage.left().await?, stage.rejected.count()), (1, 0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_signal_during_the_start_is_honoured_after_it() -> Result<()> {
    let data = json!({ "config": own_credential(), "snapshot": {} });
    let step = "GET /v1/tasks/flow1/steps/step_2";
    for (answer, end, emits) in [
        (json!({ "json": data, "delay": 1.0 }), Ended(0), 0),
        (json!({ "status": 404, "json": {}, "delay": 1.0 }), Ended(1), 1),
    ] {
        let podio = json!({ "GET /user": [{ "json": {}, "delay": 3.0 }] });
        let stage = stage("stop-at-start", own_credential(), podio, json!({ step: [answer] })).await?;
        let mut worker = Worker::start(program(), &environment(&stage, 1))?;
        until("the start", BOUND, async || Ok((!stage.calls(Api::Platform).is_empty()).then_some(()))).await?;
        worker.terminate()?;
        assert_eq!(worker.ended(BOUND).await?, end, "{}", worker.log().all().join("\n"));
        assert_eq!(stage.calls(Api::Platform)[0].status == 200, end == Ended(0), "the start went on");
        stage.results.wait_for(emits, "error message", BOUND).await?;
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_broker_that_no_longer_answers_does_not_hold_the_stop() -> Result<()> {
    let stage = stage("stop-silent", own_credential(), json!({}), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.proxy.deafen("-read");
    // Twice the wait for an answer: to the end of consuming, and to the end of the connections.
    stop(&mut worker, Duration::from_secs(8)).await?;
    assert!(stage.proxy.swallowed() > 0, "the broker heard the worker");
    stage.remove().await
}
