//! Stopping by SIGTERM and SIGINT.

use std::time::{Duration, Instant};

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Ended, Stage, TestMessage, Worker, until};
use serde_json::json;

use crate::step::{
    BOUND, consuming_worker, count, environment, oauth_config, program, stage, stop, wait_for_empty_queue,
    wait_for_podio_calls,
};

/// Much less than the time-out of a request, 15 s.
const PROMPT: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_stop_cuts_a_long_wait_short_and_leaves_its_message_in_the_queue() -> Result<()> {
    let mut config = oauth_config();
    config["retriesDelay"] = json!("60000");
    let podio = json!({ "GET /user": [{ "status": 503, "json": {} }] });
    let stage = stage("stop-in-wait", config, podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    // The first retry comes immediately; the worker waits for the second.
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
async fn a_second_signal_has_no_effect() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 }, "delay": 1.5 }] });
    let stage = stage("stop-twice", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    wait_for_podio_calls(&stage, 1).await?;
    worker.terminate()?;
    // When the worker no longer consumes, it has received the first signal.
    until("the end of consuming", BOUND, async || Ok((!stage.is_consumed().await?).then_some(()))).await?;
    assert!(worker.is_running()?, "a message is in flight");
    worker.terminate()?;
    assert_eq!(worker.ended(BOUND).await?, Ended(0));
    // It is confirmed to the worker, but may still be on its way to the test.
    stage.results.wait_for(1, "the result", BOUND).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect::<Vec<_>>(), ["data"]);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn an_idle_worker_stops_immediately() -> Result<()> {
    let stage = stage("stop-idle", oauth_config(), json!({}), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let asked = Instant::now();
    stop(&mut worker, PROMPT).await?;
    assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
    stage.remove().await
}

#[tokio::test]
async fn an_interrupt_stops_the_worker_too() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 }, "delay": 0.5 }] });
    let stage = stage("interrupt", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    wait_for_podio_calls(&stage, 1).await?;
    worker.interrupt()?;
    assert_eq!(worker.ended(BOUND).await?, Ended(0));
    stage.results.wait_for(1, "the result", BOUND).await?;
    assert_eq!((stage.emitted()?.len(), stage.left().await?, stage.rejected.count()), (1, 0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_signal_during_the_start_takes_effect_after_it() -> Result<()> {
    let data = json!({ "config": oauth_config(), "snapshot": {} });
    let step = "GET /v1/tasks/flow1/steps/step_2";
    for (answer, end, emits) in [
        (json!({ "json": data, "delay": 1.0 }), Ended(0), 0),
        (json!({ "status": 404, "json": {}, "delay": 1.0 }), Ended(1), 1),
    ] {
        let podio = json!({ "GET /user": [{ "json": {}, "delay": 3.0 }] });
        let stage = stage("stop-at-start", oauth_config(), podio, json!({ step: [answer] })).await?;
        let mut worker = Worker::start(program(), &environment(&stage, 1))?;
        until("the start", BOUND, async || Ok((!stage.calls(Api::Platform).is_empty()).then_some(()))).await?;
        worker.terminate()?;
        assert_eq!(worker.ended(BOUND).await?, end, "{}", worker.log().all().join("\n"));
        assert_eq!(stage.calls(Api::Platform)[0].status == 200, end == Ended(0), "the start continued");
        stage.results.wait_for(emits, "error message", BOUND).await?;
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_silent_broker_does_not_delay_the_stop() -> Result<()> {
    let stage = stage("stop-silent", oauth_config(), json!({}), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.proxy.deafen("-read");
    // Two waits for the broker's answer: to the cancellation of the consumer, and to the closing of the connections.
    stop(&mut worker, Duration::from_secs(8)).await?;
    assert!(stage.proxy.swallowed() > 0, "nothing reached the proxy");
    stage.remove().await
}

/// Waits until `api` has received a call to `path`, answered or not.
async fn called(stage: &Stage, api: Api, method: &str, path: &str) -> Result<()> {
    let what = format!("{method} {path}");
    until(&what, BOUND, async || Ok((count(&stage.calls(api), method, path) > 0).then_some(()))).await
}

#[tokio::test]
async fn a_stop_aborts_a_call_to_the_platform_for_the_secret() -> Result<()> {
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
        // The second message waits for the call of the first.
        for _ in 0..2 {
            stage.send(&TestMessage::get("/user")).await?;
        }
        called(&stage, Api::Platform, method, path).await?;
        wait_for_empty_queue(&stage).await?;
        stop(&mut worker, PROMPT).await?;
        assert_eq!((stage.left().await?, stage.rejected.count(), stage.results.count()), (2, 0, 0), "{method}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_stop_lets_a_running_refresh_finish_and_leaves_its_messages_in_the_queue() -> Result<()> {
    let mut config = oauth_config();
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
    wait_for_podio_calls(&stage, 3).await?;
    stop(&mut worker, PROMPT).await?;

    let stored = stage.calls(Api::Platform).into_iter().find(|call| call.method == "PUT");
    assert!(stored.is_some_and(|call| call.body.contains("new-refresh-token")), "the new refresh token is not stored");
    assert_eq!(count(&stage.calls(Api::Podio), "GET", "/user"), 2, "no attempt begins after the stop");
    assert_eq!((stage.left().await?, stage.rejected.count(), stage.results.count()), (2, 0, 0));
    stage.remove().await
}

#[tokio::test]
async fn no_page_is_requested_after_the_stop() -> Result<()> {
    let page = |task: u8| json!({ "json": [task], "delay": 0.5 });
    let podio = json!({ "GET /tasks": [page(1), page(2), page(3), page(4)] });
    let stage = stage("stop-in-pages", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let body = json!({ "method": "GET", "url": "/tasks", "pagination": { "limit": 1 } });
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(1, "the first page", BOUND).await?;
    wait_for_podio_calls(&stage, 2).await?;
    stop(&mut worker, PROMPT).await?;

    let calls = stage.calls(Api::Podio).len();
    assert!(calls <= 3, "{calls} pages were requested");
    assert_eq!(stage.results.count(), calls, "emitted pages stay");
    assert_eq!((stage.left().await?, stage.rejected.count()), (1, 0), "the message stays in the queue");
    stage.remove().await
}
