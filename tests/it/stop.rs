//! SIGTERM and SIGINT.

use std::time::{Duration, Instant};

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Ended, Stage, TestMessage, Worker, until};
use serde_json::json;

use crate::step::{
    BOUND, all_taken, consuming_worker, count, environment, own_credential, podio_calls, program, stage, stop,
};

/// Far under the time-out of one request, 15 s.
const PROMPT: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_long_wait_is_cut_short_and_its_message_left() -> Result<()> {
    let mut config = own_credential();
    config["retriesDelay"] = json!("60000");
    let podio = json!({ "GET /user": [{ "status": 503, "json": {} }] });
    let stage = stage("stop-in-wait", config, podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/user")).await?;
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
    stage.send(&TestMessage::get("/user")).await?;
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
    stage.send(&TestMessage::get("/user")).await?;
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

/// Waits until a call of `api` to `path` has come, answered or not.
async fn called(stage: &Stage, api: Api, method: &str, path: &str) -> Result<()> {
    let what = format!("{method} {path}");
    until(&what, BOUND, async || Ok((count(&stage.calls(api), method, path) > 0).then_some(()))).await
}

#[tokio::test]
async fn a_call_of_the_platform_for_the_secret_is_cut_short() -> Result<()> {
    const SECRET: &str = "/v2/workspaces/ws1/secrets/sec1";
    let credentials = json!({ "data": { "attributes": { "credentials": { "access_token": "of-the-secret" } } } });
    let hangs = json!([{ "json": credentials, "delay": 60.0 }]);
    let refresh = format!("{SECRET}/refresh");
    for (method, path, platform) in [
        ("GET", SECRET, json!({ format!("GET {SECRET}"): hangs })),
        (
            "POST",
            &refresh,
            json!({ format!("GET {SECRET}"): [{ "json": credentials }], format!("POST {refresh}"): hangs }),
        ),
    ] {
        let podio = json!({ "GET /user": [{ "status": 401, "json": {} }] });
        let stage = stage("stop-in-secret", json!({ "secretId": "sec1" }), podio, platform).await?;
        let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
        // The second one waits for the first one's call.
        for _ in 0..2 {
            stage.send(&TestMessage::get("/user")).await?;
        }
        called(&stage, Api::Platform, method, path).await?;
        all_taken(&stage).await?;
        stop(&mut worker, PROMPT).await?;
        assert_eq!((stage.left().await?, stage.rejected.count(), stage.results.count()), (2, 0, 0), "{method}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_is_under_way_ends_and_is_stored_and_its_messages_are_left() -> Result<()> {
    let mut config = own_credential();
    config["_account"] = json!("acc1");
    let fresh = json!({ "access_token": "new-access-token", "refresh_token": "new-refresh-token" });
    let podio = json!({
        "GET /user": [{ "status": 401, "json": {}, "times": 2 }, { "json": {} }],
        "POST /oauth/token": [{ "json": fresh, "delay": 1.0 }],
    });
    let stage = stage("stop-in-refresh", config, podio, json!({ "PUT /v1/accounts/acc1": [{ "json": {} }] })).await?;
    let environment = environment(&stage, 2)
        .with("PODIO_CLIENT_ID", "client-of-the-tests")
        .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", stage.sandbox.podio_url()));
    let mut worker = consuming_worker(&stage, &environment).await?;
    for _ in 0..2 {
        stage.send(&TestMessage::get("/user")).await?;
    }
    called(&stage, Api::Podio, "POST", "/oauth/token").await?;
    podio_calls(&stage, 3).await?;
    stop(&mut worker, PROMPT).await?;

    let stored = stage.calls(Api::Platform).into_iter().find(|call| call.method == "PUT");
    assert!(stored.is_some_and(|call| call.body.contains("new-refresh-token")), "the new refresh token is stored");
    assert_eq!(count(&stage.calls(Api::Podio), "GET", "/user"), 2, "no attempt begins after the stop");
    assert_eq!((stage.left().await?, stage.rejected.count(), stage.results.count()), (2, 0, 0));
    stage.remove().await
}

#[tokio::test]
async fn no_page_is_asked_for_after_the_stop() -> Result<()> {
    let podio = json!({ "GET /tasks": [{ "json": [1], "delay": 0.5 }] });
    let stage = stage("stop-in-pages", own_credential(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let body = json!({ "method": "GET", "url": "/tasks", "pagination": { "limit": 1 } });
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(1, "the first page", BOUND).await?;
    podio_calls(&stage, 2).await?;
    stop(&mut worker, PROMPT).await?;

    let calls = stage.calls(Api::Podio).len();
    assert!(calls <= 3, "{calls} pages were asked for");
    assert_eq!(stage.results.count(), calls, "what was emitted stays");
    assert_eq!((stage.left().await?, stage.rejected.count()), (1, 0), "the message is left");
    stage.remove().await
}
