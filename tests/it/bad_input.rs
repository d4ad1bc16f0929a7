//! Unreadable messages and invalid input.

use anyhow::{Context, Result, ensure};
use podio_test_support::{TestMessage, cipher};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// Content that must never reach the log.
const CONTENT: &str = "content-of-the-message";

#[tokio::test]
async fn unreadable_messages_are_dead_lettered_and_logged_without_their_content() -> Result<()> {
    let stage = stage("bad-input", oauth_config(), json!({}), json!({})).await?;
    let encrypted = cipher::encrypt_base64(CONTENT.as_bytes());
    let inputs = [
        ("not base64", TestMessage::from_body(format!("%%%{CONTENT}").into_bytes())),
        ("not decryptable", TestMessage::from_body(format!("{}{}", &encrypted[..8], &encrypted[12..]).into_bytes())),
        ("not JSON", TestMessage::from_text(&format!("{{{CONTENT}"))),
    ];
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    for (_, input) in &inputs {
        stage.send(input).await?;
    }
    stage.rejected.wait_for(inputs.len(), "dead letters", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(stage.left().await?, 0);
    assert_eq!(stage.results.count(), 0, "something was published: {:?}", stage.emitted());
    let log = worker.log().all();
    for (kind, input) in &inputs {
        let id = input.message_id().context("every input has an id")?;
        let reported = log.iter().any(|line| line.contains(id) && line.contains("\"level\":50"));
        assert!(reported, "{kind}: no error in the log names message {id}:\n{}", log.join("\n"));
    }
    let leaked: Vec<&String> =
        log.iter().filter(|line| line.contains(CONTENT) || line.contains(&encrypted[12..])).collect();
    assert!(leaked.is_empty(), "content in the log: {leaked:#?}");
    stage.remove().await
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() -> Result<()> {
    let stage = stage("wrong-types", oauth_config(), json!({}), json!({})).await?;
    let cases = [
        (json!({ "method": "GET", "url": 5 }), "url"),
        (json!({ "method": "GET", "url": ["/user"] }), "url"),
        (json!({ "method": "GET", "url": null }), "url"),
        (json!({ "method": "GET", "url": "" }), "url"),
        (json!({ "method": "GET", "url": "/user\nx" }), "url"),
        (json!({ "method": 5, "url": "/user" }), "method"),
        (json!({ "method": ["GET"], "url": "/user" }), "method"),
        (json!({ "method": "POST", "url": "/user", "data": 5 }), "data"),
        (json!({ "method": "POST", "url": "/user", "data": true }), "data"),
    ];
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    for (body, _) in &cases {
        stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    }
    stage.results.wait_for(cases.len(), "errors", BOUND).await?;
    stage.rejected.wait_for(cases.len(), "dead letters", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    for ((body, field), emitted) in cases.iter().zip(stage.emitted()?) {
        let message = emitted.error_message()?.to_lowercase();
        ensure!(message.contains(field), "{body}: the error does not name `{field}`: {message}");
        assert_eq!(emitted.payload.pointer("/errorInput/body"), Some(body));
        let stack = emitted.payload.pointer("/error/stack");
        assert!(stack.is_some_and(Value::is_string), "{stack:?}");
    }
    assert_eq!(stage.sandbox.calls().iter().filter(|call| call.path.contains("user")).count(), 0);
    stage.remove().await
}
