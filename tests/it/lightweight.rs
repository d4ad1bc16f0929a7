//! Lightweight messages: large bodies in the object storage.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Environment, Stage, TestMessage, cipher};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, step_data, stop};

const OBJECT_ID: &str = "x-ipaas-object-storage-id";

async fn setup(label: &str, passthrough: bool) -> Result<(Stage, Environment)> {
    let podio = json!({ "GET /user": [{ "json": { "user": "u".repeat(300) } }] });
    let stage = stage(label, oauth_config(), podio, json!({})).await?;
    let mut step = step_data(oauth_config());
    step["is_passthrough"] = json!(passthrough);
    stage.sandbox.set_step(&step);
    let environment = environment(&stage, 1).with("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "true");
    Ok((stage, environment))
}

/// Stores a body in the object storage; returns its id.
fn store(stage: &Stage, body: &Value) -> String {
    stage.sandbox.put_object(cipher::encrypt_raw(body.to_string().as_bytes())).to_string()
}

/// The stored body that a message's headers refer to.
fn stored_body(stage: &Stage, message: &Value) -> Result<Value> {
    let id = message["headers"][OBJECT_ID].as_str().with_context(|| format!("no object id in {message}"))?;
    let encrypted = stage.sandbox.object(id.parse()?).context("no such object")?;
    Ok(serde_json::from_str(&cipher::decrypt_raw(&encrypted)?)?)
}

/// The number of calls to the storage with this method.
fn storage_calls(stage: &Stage, method: &str) -> usize {
    let calls = stage.calls(Api::Platform);
    calls.iter().filter(|call| call.path.starts_with("/objects") && call.method == method).count()
}

#[tokio::test]
async fn bodies_of_passthrough_entries_are_fetched() -> Result<()> {
    let (stage, environment) = setup("light-pass-in", true).await?;
    let environment = environment.without("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE");
    let kept = json!({ "kept": ["elsewhere"] });
    let entry = json!({ "body": {}, "headers": { OBJECT_ID: store(&stage, &kept), "h": "v" } });
    let input = json!({
        "body": {}, "headers": { OBJECT_ID: store(&stage, &json!({ "method": "GET", "url": "/user" })) },
        "passthrough": { "step_0": entry, "step_1": { "body": { "here": true }, "headers": {} } },
    });
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::new(&input)).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let emitted = &stage.emitted()?[0];
    assert_eq!(emitted.routing_key, "data", "{}", emitted.payload);
    assert_eq!(emitted.payload["passthrough"]["step_0"]["body"], kept);
    assert_eq!(emitted.payload["passthrough"]["step_0"]["headers"]["h"], "v");
    assert_eq!(emitted.payload["passthrough"]["step_1"]["body"], json!({ "here": true }));
    assert_eq!((storage_calls(&stage, "GET"), storage_calls(&stage, "POST")), (2, 0));
    stage.remove().await
}

#[tokio::test]
async fn an_action_sees_the_fetched_body() -> Result<()> {
    let (stage, environment) = setup("light-in-seen", false).await?;
    let worker = ScriptedWorker::start(&stage, &environment.with("ELASTICIO_FUNCTION", SCRIPTED)).await?;
    let input = json!({ "body": {}, "headers": { OBJECT_ID: store(&stage, &json!({ "large": 1 })) } });
    stage.send(&TestMessage::new(&input)).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    worker.stop().await?;
    assert_eq!(stage.emitted()?[0].payload["body"]["body"], json!({ "large": 1 }));
    stage.remove().await
}

#[tokio::test]
async fn all_bodies_are_stored_if_their_sum_exceeds_the_threshold() -> Result<()> {
    let (stage, environment) = setup("light-pass-out", true).await?;
    // No body exceeds the threshold by itself.
    let environment = environment.with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "800");
    let (kept, carried) = (json!({ "kept": "k".repeat(300) }), json!({ "carried": "c".repeat(300) }));
    let id = store(&stage, &kept);
    let input = json!({
        "body": { "method": "GET", "url": "/user" },
        "passthrough": {
            "step_0": { "body": {}, "headers": { OBJECT_ID: id, "h": "v" } },
            "step_1": { "id": "1", "body": carried, "headers": {} },
        },
    });
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::new(&input)).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let result = &stage.emitted()?[0].payload;
    assert_eq!(result["body"], json!({}));
    assert_eq!(stored_body(&stage, result)?["responseBody"]["user"], "u".repeat(300));
    let passthrough = &result["passthrough"];
    assert_eq!(passthrough["step_0"], json!({ "body": {}, "headers": { OBJECT_ID: id, "h": "v" } }));
    assert_eq!(passthrough["step_1"]["body"], json!({}));
    assert_eq!(passthrough["step_1"]["id"], "1");
    assert_eq!(stored_body(&stage, &passthrough["step_1"])?, carried);
    assert_eq!(passthrough["step_2"]["body"], json!({}));
    assert_eq!(passthrough["step_2"]["headers"], result["headers"]);
    assert_eq!(
        (storage_calls(&stage, "GET"), storage_calls(&stage, "POST")),
        (1, 2),
        "a stored entry is not stored again"
    );
    stage.remove().await
}

#[tokio::test]
async fn a_stored_incoming_body_is_passed_on_by_its_id() -> Result<()> {
    let (stage, environment) = setup("light-no-self", true).await?;
    let environment =
        environment.with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "10").with("ELASTICIO_NO_SELF_PASSTRHOUGH", "true");
    let id = store(&stage, &json!({ "method": "GET", "url": "/user" }));
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::new(&json!({ "id": "in", "body": {}, "headers": { OBJECT_ID: id } }))).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let result = &stage.emitted()?[0].payload;
    let incoming = json!({ "id": "in", "body": {}, "headers": { OBJECT_ID: id } });
    assert_eq!(result["passthrough"], json!({ "step_1": incoming }));
    assert_eq!(stored_body(&stage, result)?["statusCode"], 200);
    assert_eq!(storage_calls(&stage, "POST"), 1, "only the result is stored");
    stage.remove().await
}

#[tokio::test]
async fn a_body_up_to_the_threshold_stays_in_the_message() -> Result<()> {
    const THRESHOLD: usize = 50;
    let (stage, environment) = setup("light-threshold", false).await?;
    let environment = environment
        .with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", &THRESHOLD.to_string())
        .with("ELASTICIO_FUNCTION", SCRIPTED);
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    // The quotation marks count, so the second is one byte over the threshold.
    let (fits, over) = ("x".repeat(THRESHOLD - 2), "x".repeat(THRESHOLD - 1));
    stage.send(&scripted_message(&json!([{ "data": fits }, { "data": over }]))).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    worker.stop().await?;

    let emitted = stage.emitted()?;
    assert_eq!(emitted[0].payload["body"], fits);
    assert_eq!(emitted[0].payload["headers"], json!({}));
    assert_eq!(stored_body(&stage, &emitted[1].payload)?, over);
    assert_eq!(storage_calls(&stage, "POST"), 1);
    stage.remove().await
}

#[tokio::test]
async fn insignificant_whitespace_does_not_count_towards_the_threshold() -> Result<()> {
    let (stage, environment) = setup("light-spaces", true).await?;
    let environment = environment.with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "1000");
    let spaces = " ".repeat(1000);
    let body = r#""body":{"method":"GET","url":"/user"}"#;
    let input = format!(r#"{{{body},"passthrough":{{"step_1":{{"body":[1,{spaces}2]}},"step_0":[{spaces}]}}}}"#);
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::from_text(&input)).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let result = &stage.emitted()?[0].payload;
    assert_eq!(result["passthrough"]["step_1"], json!({ "body": [1, 2] }));
    assert_eq!(result["passthrough"]["step_0"], json!([]));
    assert_eq!(storage_calls(&stage, "POST"), 0);
    stage.remove().await
}

#[tokio::test]
async fn bodies_are_not_stored_by_default() -> Result<()> {
    let (stage, environment) = setup("light-off", false).await?;
    let environment = environment
        .with("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "false")
        .with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "1");
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.emitted()?[0].payload["body"]["statusCode"], 200);
    assert_eq!(storage_calls(&stage, "POST"), 0);
    stage.remove().await
}
