//! Duplicate deliveries and redeliveries.

use std::collections::HashSet;

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Stage, TestMessage, Toxic, Way, Worker, until};
use serde_json::{Value, json};

use crate::step::{
    BOUND, consuming_worker, environment, oauth_config, program, stage, stop, wait_for_empty_queue,
    wait_for_podio_calls, wait_for_redelivery,
};

/// Delay of an answer in seconds, long enough for a second delivery to arrive in the meantime.
const SLOW: f64 = 1.0;

fn slow_user() -> Value {
    json!({ "GET /user": [{ "json": { "user_id": 1 }, "delay": SLOW }] })
}

#[tokio::test]
async fn a_duplicate_delivery_in_flight_is_settled_with_the_first() -> Result<()> {
    let stage = stage("in-work-twice", oauth_config(), slow_user(), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
    let input = TestMessage::get("/user");
    stage.send(&input).await?;
    wait_for_podio_calls(&stage, 1).await?;
    stage.send(&input).await?;
    wait_for_empty_queue(&stage).await?;
    assert_eq!(stage.results.count(), 0, "the second delivery came too late");
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    assert_eq!(stage.emitted()?.len(), 1);
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    stage.remove().await
}

/// A message with `messageId`, and one without.
fn with_and_without_id() -> [TestMessage; 2] {
    [TestMessage::get("/user"), TestMessage::get("/user").with_header("messageId", Value::Null)]
}

/// There was one call and one result, and the message is settled.
async fn assert_processed_once(stage: &Stage) -> Result<()> {
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    assert_eq!(stage.emitted()?.len(), 1);
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_redelivery_after_a_cut_connection_produces_no_second_result() -> Result<()> {
    for input in with_and_without_id() {
        let stage = stage("cut", oauth_config(), slow_user(), json!({})).await?;
        let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
        stage.send(&input).await?;
        wait_for_podio_calls(&stage, 1).await?;
        stage.proxy.cut();
        stage.results.wait_for(1, "result", BOUND).await?;
        wait_for_redelivery(&worker, "").await?;
        stop(&mut worker, BOUND).await?;
        assert_processed_once(&stage).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_acknowledgement_lost_with_its_connection_is_sent_again() -> Result<()> {
    for input in with_and_without_id() {
        let stage = stage("lost-ack", oauth_config(), slow_user(), json!({})).await?;
        let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
        stage.send(&input).await?;
        wait_for_podio_calls(&stage, 1).await?;
        stage.proxy.deafen("-read");
        until("the acknowledgement", BOUND, async || Ok((stage.proxy.swallowed() > 0).then_some(()))).await?;
        stage.results.wait_for(1, "result", BOUND).await?;
        stage.proxy.cut();
        wait_for_redelivery(&worker, "after it was done").await?;
        stop(&mut worker, BOUND).await?;
        assert_processed_once(&stage).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_goes_to_another_worker_is_processed_there_too() -> Result<()> {
    let stage = stage("another-worker", oauth_config(), slow_user(), json!({})).await?;
    let name = |name: &str| environment(&stage, 1).with("HOSTNAME", name);
    let mut first = consuming_worker(&stage, &name("first")).await?;
    stage.send(&TestMessage::get("/user")).await?;
    wait_for_podio_calls(&stage, 1).await?;
    let mut second = Worker::start(program(), &name("second"))?;
    until("the second consumer", BOUND, async || {
        Ok((stage.broker().state(&stage.names().input).await?.consumers == 2).then_some(()))
    })
    .await?;
    // The first worker goes on with it, and cannot take it again before the second one has it.
    let lost = stage.proxy.set("first-read", Way::ToServer, Toxic::HoldAfter(0));
    stage.proxy.reset("first-read");
    wait_for_podio_calls(&stage, 2).await?;
    lost.lift();
    stage.results.wait_for(2, "results", BOUND).await?;
    stop(&mut first, BOUND).await?;
    stop(&mut second, BOUND).await?;

    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    let emitted = stage.emitted()?;
    let ids = |name: &str| emitted.iter().filter_map(|emitted| emitted.text_header(name)).collect::<HashSet<_>>().len();
    assert_eq!((emitted.len(), ids("parentMessageId"), ids("messageId")), (2, 1, 2));
    assert_eq!(stage.calls(Api::Podio).len(), 2);
    stage.remove().await
}

#[tokio::test]
async fn different_messages_with_the_same_id_are_both_processed() -> Result<()> {
    let podio = json!({
        "GET /user": [{ "json": { "user_id": 1 }, "delay": SLOW }],
        "GET /org": [{ "json": { "org_id": 1 }, "delay": SLOW }],
    });
    let stage = stage("one-id", oauth_config(), podio, json!({})).await?;
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
    let stage = stage("no-id-twice", oauth_config(), slow_user(), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
    let input = TestMessage::get("/user").with_header("messageId", Value::Null);
    stage.send(&input).await?;
    stage.send(&input).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count(), stage.results.count()), (0, 0, 2));
    stage.remove().await
}
