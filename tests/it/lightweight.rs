//! Lightweight messages: large bodies that lie in object storage.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Environment, Stage, TestMessage, cipher};
use serde_json::{Value, json};

use crate::performer::{PERFORM, Performer, orders};
use crate::step::{BOUND, consuming_worker, environment, own_credential, stage, step_data, stop};

const OBJECT_ID: &str = "x-ipaas-object-storage-id";

async fn set(label: &str, passthrough: bool) -> Result<(Stage, Environment)> {
    let podio = json!({ "GET /user": [{ "json": { "user": "u".repeat(300) } }] });
    let stage = stage(label, own_credential(), podio, json!({})).await?;
    let mut step = step_data(own_credential());
    step["is_passthrough"] = json!(passthrough);
    stage.sandbox.set_step(&step);
    let environment = environment(&stage, 1).with("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "true");
    Ok((stage, environment))
}

/// Keeps a body in the object storage; gives its id.
fn keep(stage: &Stage, body: &Value) -> String {
    stage.sandbox.put_object(cipher::encrypt_raw(body.to_string().as_bytes())).to_string()
}

/// The body that a message's headers point to.
fn stored(stage: &Stage, message: &Value) -> Result<Value> {
    let id = message["headers"][OBJECT_ID].as_str().with_context(|| format!("no object id in {message}"))?;
    let sealed = stage.sandbox.object(id.parse()?).context("no such object")?;
    Ok(serde_json::from_str(&cipher::decrypt_raw(&sealed)?)?)
}

/// How often the storage was called with this method.
fn storage_calls(stage: &Stage, method: &str) -> usize {
    let calls = stage.calls(Api::Platform);
    calls.iter().filter(|call| call.path.starts_with("/objects") && call.method == method).count()
}

#[tokio::test]
async fn bodies_of_passthrough_entries_are_fetched() -> Result<()> {
    let (stage, environment) = set("light-pass-in", true).await?;
    let environment = environment.without("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE");
    let kept = json!({ "kept": ["elsewhere"] });
    let entry = json!({ "body": {}, "headers": { OBJECT_ID: keep(&stage, &kept), "h": "v" } });
    let input = json!({
        "body": {}, "headers": { OBJECT_ID: keep(&stage, &json!({ "method": "GET", "url": "/user" })) },
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
    let (stage, environment) = set("light-in-seen", false).await?;
    let performer = Performer::start(&stage, &environment.with("ELASTICIO_FUNCTION", PERFORM)).await?;
    let input = json!({ "body": {}, "headers": { OBJECT_ID: keep(&stage, &json!({ "large": 1 })) } });
    stage.send(&TestMessage::new(&input)).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    performer.stop().await?;
    assert_eq!(stage.emitted()?[0].payload["body"]["body"], json!({ "large": 1 }));
    stage.remove().await
}

#[tokio::test]
async fn everything_is_stored_when_it_is_too_much_together() -> Result<()> {
    let (stage, environment) = set("light-pass-out", true).await?;
    // Neither the result nor an entry is too large alone.
    let environment = environment.with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "800");
    let (kept, carried) = (json!({ "kept": "k".repeat(300) }), json!({ "carried": "c".repeat(300) }));
    let id = keep(&stage, &kept);
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
    assert_eq!(stored(&stage, result)?["responseBody"]["user"], "u".repeat(300));
    let passthrough = &result["passthrough"];
    assert_eq!(passthrough["step_0"], json!({ "body": {}, "headers": { OBJECT_ID: id, "h": "v" } }));
    assert_eq!(passthrough["step_1"]["body"], json!({}));
    assert_eq!(passthrough["step_1"]["id"], "1");
    assert_eq!(stored(&stage, &passthrough["step_1"])?, carried);
    assert_eq!(passthrough["step_2"]["body"], json!({}));
    assert_eq!(passthrough["step_2"]["headers"], result["headers"]);
    assert_eq!((storage_calls(&stage, "GET"), storage_calls(&stage, "POST")), (1, 2), "what has an id stays");
    stage.remove().await
}

#[tokio::test]
async fn an_incoming_body_that_lies_in_the_storage_is_carried_by_its_id() -> Result<()> {
    let (stage, environment) = set("light-no-self", true).await?;
    let environment =
        environment.with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "10").with("ELASTICIO_NO_SELF_PASSTRHOUGH", "true");
    let id = keep(&stage, &json!({ "method": "GET", "url": "/user" }));
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::new(&json!({ "id": "in", "body": {}, "headers": { OBJECT_ID: id } }))).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let result = &stage.emitted()?[0].payload;
    let incoming = json!({ "id": "in", "body": {}, "headers": { OBJECT_ID: id } });
    assert_eq!(result["passthrough"], json!({ "step_1": incoming }));
    assert_eq!(stored(&stage, result)?["statusCode"], 200);
    assert_eq!(storage_calls(&stage, "POST"), 1, "only the result is new");
    stage.remove().await
}

#[tokio::test]
async fn up_to_the_threshold_a_body_stays_in_its_message() -> Result<()> {
    const THRESHOLD: usize = 50;
    let (stage, environment) = set("light-threshold", false).await?;
    let environment = environment
        .with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", &THRESHOLD.to_string())
        .with("ELASTICIO_FUNCTION", PERFORM);
    let performer = Performer::start(&stage, &environment).await?;
    // Each with its quotation marks, so the second is one byte over.
    let (fits, over) = ("x".repeat(THRESHOLD - 2), "x".repeat(THRESHOLD - 1));
    stage.send(&orders(&json!([{ "data": fits }, { "data": over }]))).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    performer.stop().await?;

    let emitted = stage.emitted()?;
    assert_eq!(emitted[0].payload["body"], fits);
    assert_eq!(emitted[0].payload["headers"], json!({}));
    assert_eq!(stored(&stage, &emitted[1].payload)?, over);
    assert_eq!(storage_calls(&stage, "POST"), 1);
    stage.remove().await
}

#[tokio::test]
async fn spaces_between_the_values_of_a_body_do_not_count() -> Result<()> {
    let (stage, environment) = set("light-spaces", true).await?;
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
async fn nothing_is_stored_unless_it_is_wanted() -> Result<()> {
    let (stage, environment) = set("light-off", false).await?;
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
