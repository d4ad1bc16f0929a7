//! Publishing: size limits, unroutable messages and lost publishes.

use anyhow::{Context, Result};
use lapin::types::AMQPValue;
use podio_sandbox::Api;
use podio_test_support::{Environment, Stage, TestMessage, until};
use serde_json::json;

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{
    BOUND, answers, consuming_worker, environment, oauth_config, stage, step_data, stop, wait_for_redelivery,
};

/// A stage without a queue for the data routing key.
async fn unbound(label: &str) -> Result<(Stage, Environment)> {
    let stage = Stage::set(label, &["data".to_owned()]).await?;
    stage.sandbox.set_step(&step_data(oauth_config()));
    stage.sandbox.set_answers(answers(json!({ "GET /user": [{ "json": { "user_id": 1 } }] }), json!({}))?)?;
    let environment = environment(&stage, 1).with("ELASTICIO_AMQP_PUBLISH_RETRY_DELAY", "20");
    Ok((stage, environment))
}

/// The number of failed publishes in the log.
fn failures(log: &[String]) -> usize {
    log.iter().filter(|line| line.contains("not published; trying again")).count()
}

#[tokio::test]
async fn an_unroutable_result_is_published_again_until_a_queue_takes_it() -> Result<()> {
    let (stage, environment) = unbound("unbound").await?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    worker.log().wait_until("the third failure", BOUND, |log| failures(log) >= 3).await?;
    assert_eq!((stage.results.count(), stage.rejected.count()), (0, 0));
    stage.bind("data").await?;
    let results = stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let repeats = i32::try_from(failures(&worker.log().all()))?;
    let headers = results[0].delivery.properties.headers().as_ref().context("headers")?;
    assert_eq!(headers.inner().get("retry"), Some(&AMQPValue::LongInt(repeats)));
    assert_eq!(stage.emitted()?[0].payload["body"]["responseBody"], json!({ "user_id": 1 }));
    assert_eq!((stage.results.count(), stage.left().await?, stage.rejected.count()), (1, 0, 0));
    assert_eq!(stage.calls(Api::Podio).len(), 1, "only the publish is repeated");
    stage.remove().await
}

#[tokio::test]
async fn the_first_publish_has_no_retry_header() -> Result<()> {
    let stage = stage("no-retry", oauth_config(), json!({}), json!({})).await?;
    let worker = ScriptedWorker::start(&stage, &environment(&stage, 1).with("ELASTICIO_FUNCTION", SCRIPTED)).await?;
    stage.send(&scripted_message(&json!([{ "data": 1 }, { "error": "e" }, { "snapshot": {} }]))).await?;
    stage.results.wait_for(3, "emits", BOUND).await?;
    worker.stop().await?;
    assert!(stage.emitted()?.iter().all(|emitted| emitted.headers.get("retry").is_none()));
    stage.remove().await
}

#[tokio::test]
async fn publishing_stops_after_the_configured_attempts() -> Result<()> {
    let (stage, environment) = unbound("publish-attempts").await?;
    let environment = environment
        .with("ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", "3")
        .with("ELASTICIO_AMQP_PUBLISH_RETRY_DELAY", "200");
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "error", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let emitted = &stage.emitted()?[0];
    assert_eq!(emitted.routing_key, "error");
    let message = emitted.error_message()?;
    assert!(message.starts_with("Failed on publishing ") && message.contains(" message to MQ"), "{message}");
    let took = emitted.headers["end"].as_i64().zip(emitted.headers["start"].as_i64()).map(|(end, start)| end - start);
    assert!(took >= Some(200 + 400), "the delay doubles: {took:?} ms");
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 1));
    stage.remove().await
}

#[tokio::test]
async fn errors_and_rebounds_are_published_however_long_it_takes() -> Result<()> {
    // Podio returns a permanent error, or asks for a longer wait than the worker holds a message.
    for (status, key) in [(404, "error"), (429, "rebound")] {
        let stage = Stage::set("outcome", &["error".to_owned(), "rebound".to_owned()]).await?;
        stage.sandbox.set_step(&step_data(oauth_config()));
        let podio = json!({ "GET /user": [{ "status": status, "json": {} }] });
        stage.sandbox.set_answers(answers(podio, json!({}))?)?;
        let environment = environment(&stage, 1)
            .with("PODIO_MAX_HOLD", "1")
            .with("ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", "1")
            .with("ELASTICIO_AMQP_PUBLISH_RETRY_DELAY", "20");
        let mut worker = consuming_worker(&stage, &environment).await?;
        stage.send(&TestMessage::get("/user")).await?;
        worker.log().wait_until("the third failure", BOUND, |log| failures(log) >= 3).await?;
        stage.bind(key).await?;
        stage.results.wait_for(1, key, BOUND).await?;
        stop(&mut worker, BOUND).await?;

        assert_eq!(stage.emitted()?[0].routing_key, key);
        assert_eq!(stage.calls(Api::Podio).len(), 1, "only the publish is repeated");
        assert_eq!((stage.results.count(), stage.left().await?), (1, 0));
        stage.rejected.wait_for(usize::from(key == "error"), "dead letters", BOUND).await?;
        assert_eq!(stage.rejected.count(), usize::from(key == "error"));
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_delay_between_publishes_is_bounded() -> Result<()> {
    let (stage, environment) = unbound("publish-max-delay").await?;
    let environment = environment
        .with("ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", "6")
        .with("ELASTICIO_AMQP_PUBLISH_RETRY_DELAY", "5000")
        .with("ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY", "20");
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    // Without the limit it would take 155 s.
    stage.results.wait_for(1, "error", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!(stage.rejected.count(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_payload_may_be_as_large_as_the_limit_but_not_larger() -> Result<()> {
    let (body, message) = ("x".repeat(500), |body: &str| scripted_message(&json!([{ "data": body }])));
    for version in ["1", "2"] {
        let stage = stage("size-limit", oauth_config(), json!({}), json!({})).await?;
        let environment =
            environment(&stage, 1).with("ELASTICIO_FUNCTION", SCRIPTED).with("ELASTICIO_PROTOCOL_VERSION", version);
        let worker = ScriptedWorker::start(&stage, &environment).await?;
        stage.send(&message(&body)).await?;
        let results = stage.results.wait_for(1, "result", BOUND).await?;
        worker.stop().await?;
        let size = results[0].delivery.data.len();

        for (limit, key) in [(size, "data"), (size - 1, "error")] {
            stage.left().await?;
            let environment = environment.clone().with("ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", &limit.to_string());
            let worker = ScriptedWorker::start(&stage, &environment).await?;
            let before = stage.results.count();
            stage.send(&message(&body)).await?;
            stage.results.wait_for(before + 1, "outcome", BOUND).await?;
            worker.stop().await?;
            let emitted = stage.emitted()?.pop().context("an outcome")?;
            assert_eq!(emitted.routing_key, key, "{size} bytes, at most {limit}");
            if key == "error" {
                let expected = format!("Outgoing message size {size} exceeds limit of {limit}.");
                assert_eq!(emitted.error_message()?, expected);
            }
        }
        stage.rejected.wait_for(1, "dead letter", BOUND).await?;
        assert_eq!((stage.left().await?, stage.rejected.count()), (0, 1));
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_emit_is_persistent_if_configured() -> Result<()> {
    for (value, mode) in [("true", 2), ("false", 1)] {
        let stage = stage("persistent", oauth_config(), json!({}), json!({})).await?;
        let environment = environment(&stage, 1)
            .with("ELASTICIO_FUNCTION", SCRIPTED)
            .with("ELASTICIO_AMQP_PERSISTENT_MESSAGES", value);
        let worker = ScriptedWorker::start(&stage, &environment).await?;
        let input =
            scripted_message(&json!([{ "data": 1 }, { "snapshot": {} }, { "httpReply": {} }, { "error": "e" }]));
        stage.send(&input.with_header("reply_to", json!("reply"))).await?;
        stage.results.wait_for(5, "emits", BOUND).await?;
        worker.stop().await?;
        for emitted in stage.emitted()? {
            assert_eq!(emitted.properties["delivery_mode"], mode, "{}", emitted.routing_key);
            let expected =
                json!({ "content_type": "application/json", "content_encoding": "utf8", "delivery_mode": mode });
            assert_eq!(emitted.properties, expected, "{}", emitted.routing_key);
        }
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_publish_is_repeated_over_a_new_connection() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 } }] });
    let stage = stage("lost-publish", oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 2).with("HOSTNAME", "name-of-the-host");
    let mut worker = consuming_worker(&stage, &environment).await?;
    // The proxy knows connections by their names.
    stage.proxy.deafen("name-of-the-host-write");
    stage.send(&TestMessage::get("/user")).await?;
    until("the publish", BOUND, async || Ok((stage.proxy.swallowed() > 0).then_some(()))).await?;
    assert_eq!(stage.results.count(), 0);
    stage.proxy.cut();
    stage.results.wait_for(1, "result", BOUND).await?;
    wait_for_redelivery(&worker, "").await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.emitted()?[0].payload["body"]["responseBody"], json!({ "user_id": 1 }));
    assert_eq!((stage.results.count(), stage.left().await?, stage.calls(Api::Podio).len()), (1, 0, 1));
    stage.remove().await
}
