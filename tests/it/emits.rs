//! The emits of an action, and the settlement of its message.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Environment, Stage};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, environment, oauth_config, stage};

const ACCOUNT: &str = "PUT /v1/accounts/acc1";

async fn setup(label: &str, platform: Value) -> Result<(Stage, Environment)> {
    let mut config = oauth_config();
    config["_account"] = json!("acc1");
    let stage = stage(label, config, json!({}), platform).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", SCRIPTED);
    Ok((stage, environment))
}

/// Sends a message with this script, and then one that must succeed; returns the emits of the first.
async fn emits(stage: &Stage, environment: &Environment, first: &Value, count: usize) -> Result<Vec<Emitted>> {
    let worker = ScriptedWorker::start(stage, environment).await?;
    stage.send(&scripted_message(first)).await?;
    stage.send(&scripted_message(&json!([{ "data": "next" }]))).await?;
    stage.results.wait_for(count + 1, "emits", BOUND).await?;
    worker.stop().await?;
    let mut emitted = stage.emitted()?;
    let next = emitted.pop().context("the next message's result")?;
    assert_eq!(next.payload["body"], "next", "{}", next.payload);
    assert_eq!(emitted.len(), count);
    assert_eq!(stage.left().await?, 0);
    Ok(emitted)
}

fn keys(emitted: &[Emitted]) -> Vec<&str> {
    emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect()
}

#[tokio::test]
async fn snapshots_are_plain_json() -> Result<()> {
    let (stage, environment) = setup("snapshots", json!({})).await?;
    let (whole, change) = (json!({ "seen": [1, "ü"] }), json!({ "$set": { "seen": 2 } }));
    let first = json!([{ "snapshot": whole }, { "updateSnapshot": change }]);
    let emitted = emits(&stage, &environment, &first, 2).await?;
    assert_eq!(keys(&emitted), ["snapshot", "snapshot"]);
    for (emitted, (event, payload)) in emitted.iter().zip([("snapshot", whole), ("updateSnapshot", change)]) {
        assert_eq!(emitted.payload, payload);
        assert_eq!(emitted.text_header("snapshotEvent"), Some(event));
        assert_eq!(emitted.properties["content_type"], "application/json");
    }
    assert_eq!(stage.rejected.count(), 0);
    stage.remove().await
}

#[tokio::test]
async fn update_keys_stores_the_keys_with_the_account() -> Result<()> {
    let platform = json!({ ACCOUNT: [{ "status": 500, "json": {} }, { "json": {} }] });
    let (stage, environment) = setup("update-keys", platform).await?;
    let keys = json!({ "oauth": { "access_token": "a" } });
    emits(&stage, &environment, &json!([{ "updateKeys": keys }]), 0).await?;

    let calls: Vec<_> = stage.calls(Api::Platform).into_iter().filter(|call| call.method == "PUT").collect();
    assert_eq!(calls.len(), 2, "a 500 is retried");
    for call in &calls {
        assert_eq!(serde_json::from_str::<Value>(&call.body)?, json!({ "keys": keys }));
        assert_eq!(call.path, "/v1/accounts/acc1");
        assert_eq!(call.authorization.as_deref(), Some("Basic YXBpLXVzZXI6YXBpLWtleQ=="));
    }
    assert_eq!(stage.rejected.count(), 0);
    stage.remove().await
}

#[tokio::test]
async fn keys_refused_by_the_platform_are_an_error() -> Result<()> {
    let (stage, environment) = setup("update-keys-400", json!({ ACCOUNT: [{ "status": 400, "json": {} }] })).await?;
    let emitted = emits(&stage, &environment, &json!([{ "updateKeys": {} }]), 1).await?;
    assert_eq!(keys(&emitted), ["error"]);
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!(stage.rejected.count(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_result_can_choose_its_routing_key() -> Result<()> {
    let (stage, environment) = setup("routing-key", json!({})).await?;
    let headers = json!({ "X-EIO-Routing-Key": "reply", "other": "kept" });
    let emitted = emits(&stage, &environment, &json!([{ "dataWithHeaders": headers }]), 1).await?;
    assert_eq!(keys(&emitted), ["reply"]);
    assert_eq!(emitted[0].payload["headers"], json!({ "other": "kept" }));
    stage.remove().await
}

#[tokio::test]
async fn several_results_are_separate_messages() -> Result<()> {
    let (stage, environment) = setup("several", json!({})).await?;
    let emitted = emits(&stage, &environment, &json!([{ "data": 1 }, { "data": 2 }, { "data": 3 }]), 3).await?;
    assert_eq!(emitted.iter().map(|emitted| &emitted.payload["body"]).collect::<Vec<_>>(), [1, 2, 3]);
    let mut ids: Vec<_> = emitted.iter().filter_map(|emitted| emitted.text_header("messageId")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert_eq!(stage.rejected.count(), 0);
    stage.remove().await
}

#[tokio::test]
async fn an_action_can_emit_an_error_and_continue() -> Result<()> {
    let (stage, environment) = setup("error-and-on", json!({})).await?;
    let first = json!([{ "data": 1 }, { "error": "one of them failed" }, { "data": 2 }]);
    let emitted = emits(&stage, &environment, &first, 3).await?;
    assert_eq!(keys(&emitted), ["data", "error", "data"]);
    assert_eq!(emitted[1].error_message()?, "one of them failed");
    assert_eq!(emitted[1].payload["errorInput"]["body"]["script"], first);
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!(stage.rejected.count(), 1, "a message is rejected after an error");
    stage.remove().await
}

#[tokio::test]
async fn results_before_a_failure_are_kept() -> Result<()> {
    let (stage, environment) = setup("data-and-fail", json!({})).await?;
    let first = json!([{ "data": 1 }, { "fail": "then it failed" }, { "data": "never" }]);
    let emitted = emits(&stage, &environment, &first, 2).await?;
    assert_eq!(keys(&emitted), ["data", "error"]);
    assert_eq!(emitted[1].error_message()?, "then it failed");
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!(stage.rejected.count(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_panic_becomes_the_error_of_its_message() -> Result<()> {
    let (stage, environment) = setup("panic", json!({})).await?;
    let emitted = emits(&stage, &environment, &json!([{ "panic": "content of the message" }]), 1).await?;
    assert_eq!(keys(&emitted), ["error"]);
    assert!(!emitted[0].error_message()?.contains("content of the message"), "{}", emitted[0].error_message()?);
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!(stage.rejected.count(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_message_without_an_id_is_settled_and_does_not_delay_the_stop() -> Result<()> {
    let (stage, environment) = setup("no-id", json!({})).await?;
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    for first in [json!([{ "data": 1 }]), json!([{ "fail": "f" }])] {
        stage.send(&scripted_message(&first).without_headers()).await?;
        stage.send(&scripted_message(&first).with_header("messageId", Value::Null)).await?;
    }
    stage.results.wait_for(4, "outcomes", BOUND).await?;
    worker.stop().await?;
    let emitted = stage.emitted()?;
    assert_eq!(keys(&emitted), ["data", "data", "error", "error"]);
    assert!(emitted.iter().all(|emitted| emitted.headers.get("parentMessageId").is_none()));
    stage.rejected.wait_for(2, "dead letters", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 2));
    stage.remove().await
}
