//! Replies to the sender that `reply_to` names.

use anyhow::{Context, Result};
use podio_test_support::{Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

async fn setup(label: &str) -> Result<(Stage, Environment)> {
    let stage = stage(label, oauth_config(), json!({}), json!({})).await?;
    let environment = environment(&stage, 1);
    Ok((stage, environment))
}

#[tokio::test]
async fn an_error_is_also_sent_as_a_reply() -> Result<()> {
    let (stage, environment) = setup("error-reply").await?;
    // The encoding of an error reply does not depend on the protocol version.
    let mut worker = consuming_worker(&stage, &environment.with("ELASTICIO_PROTOCOL_VERSION", "2")).await?;
    let text = json!({ "body": { "method": "GET", "url": "/nothing" } }).to_string();
    stage.send(&TestMessage::from_text_v2(&text).with_header("reply_to", json!("reply"))).await?;
    let results = stage.results.wait_for(2, "emits", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let emitted = stage.emitted()?;
    let [error, reply] = &emitted[..] else { panic!("not two emits: {emitted:?}") };
    assert_eq!((error.routing_key.as_str(), reply.routing_key.as_str()), ("error", "reply"));
    assert_eq!(error.headers.get("x-eio-error-response"), None);
    assert_eq!(reply.headers["x-eio-error-response"], true);
    for emitted in [error, reply] {
        assert_eq!(emitted.text_header("reply_to"), Some("reply"));
        assert_eq!(emitted.text_header("stepId"), Some("step_2"));
    }
    assert_eq!(reply.payload, error.payload["error"], "the error alone");
    let parts: Value = serde_json::from_slice(&results[0].delivery.data)?;
    let encrypted = parts["error"].as_str().context("text")?;
    assert_eq!(results[1].delivery.data, encrypted.as_bytes(), "encrypted the same way");
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 1));
    stage.remove().await
}

#[tokio::test]
async fn an_unroutable_error_reply_does_not_hold_the_message() -> Result<()> {
    let (stage, environment) = setup("reply-nobody").await?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/nothing").with_header("reply_to", json!("gone"))).await?;
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect::<Vec<_>>(), ["error"]);
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}

#[tokio::test]
async fn a_reply_to_the_step_s_own_queue_does_not_go_round() -> Result<()> {
    let (stage, environment) = setup("reply-loop").await?;
    stage.bind_input("own").await?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/nothing").with_header("reply_to", json!("own"))).await?;
    let warned = |log: &[String]| log.iter().any(|line| line.contains("no reply to an error reply"));
    worker.log().wait_until("the warning", BOUND, warned).await?;
    stage.rejected.wait_for(2, "the message and its error's reply", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let keys: Vec<String> = stage.emitted()?.into_iter().map(|emitted| emitted.routing_key).collect();
    assert_eq!(keys, ["error", "error"]);
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}

#[tokio::test]
async fn an_http_reply_goes_to_reply_to_in_protocol_version_1() -> Result<()> {
    let (stage, environment) = setup("http-reply").await?;
    let environment = environment.with("ELASTICIO_FUNCTION", SCRIPTED).with("ELASTICIO_PROTOCOL_VERSION", "2");
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    let input = scripted_message(&json!([{ "httpReply": { "ok": true } }, { "data": 1 }]));
    stage.send(&input.clone().with_header("reply_to", json!("reply"))).await?;
    stage.results.wait_for(2, "emits", BOUND).await?;
    worker.stop().await?;

    let emitted = stage.emitted()?;
    assert_eq!((emitted[0].routing_key.as_str(), emitted[1].routing_key.as_str()), ("reply", "data"));
    let versions: Vec<&Value> = emitted.iter().map(|emitted| &emitted.headers["protocolVersion"]).collect();
    assert_eq!(versions, [1, 2]);
    let reply = json!({ "statusCode": 201, "headers": { "content-type": "application/json" }, "body": { "ok": true } });
    assert_eq!(emitted[0].payload, reply);
    assert_eq!(emitted[0].text_header("parentMessageId"), input.message_id());
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn an_http_reply_without_reply_to_is_an_error() -> Result<()> {
    let (stage, environment) = setup("http-reply-nobody").await?;
    let worker = ScriptedWorker::start(&stage, &environment.with("ELASTICIO_FUNCTION", SCRIPTED)).await?;
    stage.send(&scripted_message(&json!([{ "httpReply": {} }]))).await?;
    stage.results.wait_for(1, "error", BOUND).await?;
    worker.stop().await?;
    let emitted = &stage.emitted()?[0];
    assert_eq!(emitted.routing_key, "error");
    assert!(emitted.error_message()?.contains("reply_to"), "{}", emitted.error_message()?);
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 1));
    stage.remove().await
}
