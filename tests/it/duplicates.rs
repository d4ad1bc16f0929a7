//! The same message more than once.

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Stage, TestMessage, until};
use serde_json::{Value, json};

use crate::step::{BOUND, all_taken, consuming_worker, environment, own_credential, podio_calls, stage, stop};

/// An answer that takes long enough for a second delivery to arrive meanwhile, in seconds.
const SLOW: f64 = 1.0;

fn slow_user() -> Value {
    json!({ "GET /user": [{ "json": { "user_id": 1 }, "delay": SLOW }] })
}

#[tokio::test]
async fn a_second_delivery_while_the_first_is_in_work_is_settled_with_it() -> Result<()> {
    let stage = stage("in-work-twice", own_credential(), slow_user(), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
    let input = TestMessage::get("/user");
    stage.send(&input).await?;
    podio_calls(&stage, 1).await?;
    stage.send(&input).await?;
    all_taken(&stage).await?;
    assert_eq!(stage.results.count(), 0, "the second delivery must come while the first is in work");
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    assert_eq!(stage.emitted()?.len(), 1);
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    stage.remove().await
}

/// A message with `messageId`, and one without.
fn named_and_nameless() -> [TestMessage; 2] {
    [TestMessage::get("/user"), TestMessage::get("/user").with_header("messageId", Value::Null)]
}

/// One call, one result, and nothing left of the message.
async fn assert_processed_once(stage: &Stage) -> Result<()> {
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    assert_eq!(stage.emitted()?.len(), 1);
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_redelivery_after_a_cut_connection_has_one_result() -> Result<()> {
    for input in named_and_nameless() {
        let stage = stage("cut", own_credential(), slow_user(), json!({})).await?;
        let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
        stage.send(&input).await?;
        podio_calls(&stage, 1).await?;
        stage.proxy.cut();
        stage.results.wait_for(1, "result", BOUND).await?;
        all_taken(&stage).await?;
        stop(&mut worker, BOUND).await?;
        assert_processed_once(&stage).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_acknowledgement_that_is_lost_with_its_connection_is_given_again() -> Result<()> {
    for input in named_and_nameless() {
        let stage = stage("lost-ack", own_credential(), slow_user(), json!({})).await?;
        let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
        let connections = stage.proxy.connections();
        stage.send(&input).await?;
        podio_calls(&stage, 1).await?;
        stage.proxy.deafen("-read");
        until("the acknowledgement", BOUND, async || Ok((stage.proxy.swallowed() > 0).then_some(()))).await?;
        stage.results.wait_for(1, "result", BOUND).await?;
        stage.proxy.cut();
        until("new connections", BOUND, async || Ok((stage.proxy.connections() >= connections + 2).then_some(())))
            .await?;
        until("the redelivery", BOUND, async || {
            Ok((stage.is_consumed().await? && stage.waiting().await? == 0).then_some(()))
        })
        .await?;
        stop(&mut worker, BOUND).await?;
        assert_processed_once(&stage).await?;
    }
    Ok(())
}

#[tokio::test]
async fn different_messages_with_one_id_are_both_processed() -> Result<()> {
    let podio = json!({
        "GET /user": [{ "json": { "user_id": 1 }, "delay": SLOW }],
        "GET /org": [{ "json": { "org_id": 1 }, "delay": SLOW }],
    });
    let stage = stage("one-id", own_credential(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
    for path in ["/user", "/org"] {
        stage.send(&TestMessage::get(path).with_header("messageId", json!("the same"))).await?;
    }
    stage.results.wait_for(2, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count(), stage.results.count()), (0, 0, 2));
    assert_eq!(stage.calls(Api::Podio).len(), 2);
    stage.remove().await
}

#[tokio::test]
async fn equal_messages_without_an_id_are_both_processed() -> Result<()> {
    let stage = stage("no-id-twice", own_credential(), slow_user(), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
    let input = TestMessage::get("/user").with_header("messageId", Value::Null);
    stage.send(&input).await?;
    stage.send(&input).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count(), stage.results.count()), (0, 0, 2));
    stage.remove().await
}
