//! Rebounds: messages that the platform delivers again later.

use anyhow::{Context, Result, ensure};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

fn limited(seconds: u32) -> Value {
    json!({ "status": 420, "json": { "error": "rate_limit" }, "headers": { "retry-after": seconds.to_string() } })
}

async fn setup(label: &str) -> Result<(Stage, Environment)> {
    let stage = stage(label, oauth_config(), json!({}), json!({})).await?;
    let environment = environment(&stage, 2).with("ELASTICIO_FUNCTION", SCRIPTED);
    Ok((stage, environment))
}

/// Sends one message repeatedly, with each of these `reboundIteration`s; returns the published messages. The prefetch is
/// above 1, so the worker must not mistake the messages for duplicates.
async fn rebounds(stage: &Stage, environment: &Environment, iterations: &[Value]) -> Result<Vec<Emitted>> {
    let worker = ScriptedWorker::start(stage, environment).await?;
    let input = scripted_message(&json!([{ "rebound": "not now" }]));
    for (index, iteration) in iterations.iter().enumerate() {
        stage.send(&input.clone().with_header("reboundIteration", iteration.clone())).await?;
        stage.results.wait_for(index + 1, "emits", BOUND).await?;
    }
    worker.stop().await?;
    ensure!(stage.results.count() == iterations.len(), "there are other messages");
    stage.emitted()
}

#[tokio::test]
async fn a_rebound_carries_the_message_unchanged() -> Result<()> {
    let podio = json!({ "GET /user": [limited(300)] });
    let stage = stage("rebound", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let input = TestMessage::get("/user")
        .with_header("X-EIO-META-Flag", json!(true))
        .with_header("anything", json!({ "kept": [1] }))
        .with_header("threadId", json!(7))
        .with_properties(|properties| {
            properties
                .with_priority(3)
                .with_correlation_id("correlation".into())
                .with_app_id("app".into())
                .with_content_encoding("utf-8".into())
        });
    stage.send(&input).await?;
    let results = stage.results.wait_for(1, "rebound", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(results[0].delivery.data, input.body());
    let rebound = &stage.emitted()?[0];
    assert_eq!(rebound.routing_key, "rebound");
    let properties = &rebound.properties;
    let expiration = properties["expiration"].as_str().context("an expiration")?.parse::<u64>()?;
    assert!((300_000..400_000).contains(&expiration), "no earlier than the wait: {expiration}");
    assert_eq!(
        properties,
        &json!({
            "content_type": "application/json", "content_encoding": "utf-8", "delivery_mode": 2, "priority": 3,
            "correlation_id": "correlation", "app_id": "app", "expiration": properties["expiration"],
        })
    );
    let headers = &rebound.headers;
    assert!(headers["end"].is_i64() && headers["reboundReason"].as_str().is_some_and(|reason| !reason.is_empty()));
    assert_eq!(
        headers,
        &json!({
            "execId": "exec1", "taskId": "flow1", "userId": "user1", "stepId": "step_1", "threadId": 7,
            "messageId": input.message_id(), "X-EIO-META-Flag": true, "anything": { "kept": [1] },
            "end": headers["end"], "reboundReason": headers["reboundReason"], "reboundIteration": 1,
        })
    );
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn each_rebound_expires_later() -> Result<()> {
    let (stage, environment) = setup("rebound-expiration").await?;
    let environment = environment.with("ELASTICIO_REBOUND_INITIAL_EXPIRATION", "20000");
    let emitted = rebounds(&stage, &environment, &[Value::Null, json!(1), json!(2), json!(5)]).await?;
    for (rebound, (iteration, expiration)) in emitted.iter().zip([(1, 20_000), (2, 40_000), (3, 80_000), (6, 640_000)])
    {
        assert_eq!(rebound.routing_key, "rebound");
        assert_eq!(rebound.headers["reboundIteration"], iteration);
        assert_eq!(rebound.headers["reboundReason"], "not now");
        assert_eq!(rebound.properties["expiration"], expiration.to_string());
    }
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn exceeding_the_rebound_limit_is_an_error() -> Result<()> {
    let (stage, environment) = setup("rebound-limit").await?;
    let environment = environment.with("ELASTICIO_REBOUND_LIMIT", "3");
    let emitted = rebounds(&stage, &environment, &[json!(2), json!(3)]).await?;
    assert_eq!(emitted[0].routing_key, "rebound");
    assert_eq!(emitted[0].properties["expiration"], "60000", "15000 ms is the default expiration of the first rebound");
    assert_eq!(emitted[1].routing_key, "error");
    assert_eq!(emitted[1].error_message()?, "Rebound limit exceeded");
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 1));
    stage.remove().await
}

#[tokio::test]
async fn the_default_limit_is_twenty_rebounds() -> Result<()> {
    let (stage, environment) = setup("rebound-default-limit").await?;
    let emitted = rebounds(&stage, &environment, &[json!(19), json!(20)]).await?;
    assert_eq!(emitted[0].routing_key, "rebound");
    assert_eq!(emitted[0].headers["reboundIteration"], 20);
    assert_eq!(emitted[0].properties["expiration"], (15_000_u64 << 19).to_string());
    assert_eq!(emitted[1].error_message()?, "Rebound limit exceeded");
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 1));
    stage.remove().await
}

#[tokio::test]
async fn the_expiration_of_a_rebound_stays_within_the_broker_s_limit() -> Result<()> {
    let (stage, environment) = setup("rebound-longest").await?;
    let environment = environment.with("ELASTICIO_REBOUND_LIMIT", "100");
    let emitted = rebounds(&stage, &environment, &[json!(40)]).await?;
    assert_eq!(emitted[0].routing_key, "rebound");
    assert_eq!(emitted[0].properties["expiration"], "315360000000");
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_wait_above_the_limit_rebounds_the_message() -> Result<()> {
    let podio = json!({ "GET /user": [limited(2), { "json": { "user_id": 1 } }] });
    let stage = stage("max-hold", oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 1).with("PODIO_MAX_HOLD", "500");
    let mut worker = consuming_worker(&stage, &environment).await?;
    let input = TestMessage::get("/user");
    stage.send(&input).await?;
    stage.results.wait_for(1, "rebound", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    // As the platform does after the expiration. The new process does not know the wait.
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&input.with_header("reboundIteration", json!(1))).await?;
    stage.results.wait_for(2, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    let keys: Vec<&str> = emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect();
    assert_eq!(keys, ["rebound", "data"]);
    assert_eq!(emitted[0].properties["expiration"], "15000", "longer than the wait of 2 s");
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_wait_within_the_limit_holds_the_message() -> Result<()> {
    let podio = json!({ "GET /user": [limited(1), { "json": { "user_id": 1 } }] });
    let stage = stage("held", oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 1).with("PODIO_MAX_HOLD", "5000");
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.emitted()?[0].routing_key, "data");
    let calls = stage.calls(Api::Podio);
    assert!(calls[1].at >= calls[0].at + 1000, "{calls:?}");
    stage.remove().await
}
