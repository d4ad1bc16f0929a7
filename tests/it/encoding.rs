//! The encoding of payloads, and the input of an error handler.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Environment, Stage, TestMessage, cipher};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker};
use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

async fn setup(label: &str) -> Result<(Stage, Environment)> {
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 } }] });
    let stage = stage(label, oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 1);
    Ok((stage, environment))
}

/// The body of error message number `index`, with its parts still encrypted.
fn encrypted_parts(stage: &Stage, index: usize) -> Result<Value> {
    Ok(serde_json::from_slice(&stage.results.all()[index].delivery.data)?)
}

#[tokio::test]
async fn both_versions_are_read_and_the_configured_one_is_written() -> Result<()> {
    let (stage, environment) = setup("versions").await?;
    let text = json!({ "body": { "method": "GET", "url": "/user" } }).to_string();
    for version in [1, 2] {
        let environment = environment.clone().with("ELASTICIO_PROTOCOL_VERSION", &version.to_string());
        let mut worker = consuming_worker(&stage, &environment).await?;
        let before = stage.results.count();
        for input in [TestMessage::from_text(&text), TestMessage::from_text_v2(&text)] {
            stage.send(&input).await?;
        }
        stage.results.wait_for(before + 2, "results", BOUND).await?;
        stop(&mut worker, BOUND).await?;
        let emitted: Vec<Emitted> = stage.emitted()?.split_off(before);
        for emitted in emitted {
            assert_eq!(emitted.headers["protocolVersion"], version);
            assert_eq!(emitted.payload["body"]["responseBody"], json!({ "user_id": 1 }));
        }
        assert_eq!(stage.left().await?, 0);
    }
    assert_eq!(stage.rejected.count(), 0);
    stage.remove().await
}

#[tokio::test]
async fn base64_with_line_breaks_and_invalid_utf_8_are_accepted() -> Result<()> {
    let (stage, environment) = setup("lenient-in").await?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    let (head, tail) = (br#"{"body":{"method":"GET","url":"/user"},"metadata":{"m":""#, br#""}}"#);
    let plain = [&head[..], &[0xFF], &tail[..]].concat();
    let lines: Vec<u8> = cipher::encrypt_base64(&plain).into_bytes().chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..]);
    stage.send(&TestMessage::from_body(lines)).await?;
    stage
        .send(&TestMessage::from_body(cipher::encrypt_raw(&plain)).with_header("protocolVersion", json!("2.0")))
        .await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"));
    stage.remove().await
}

#[tokio::test]
async fn an_error_carries_the_input_as_base64_in_both_protocol_versions() -> Result<()> {
    let (stage, environment) = setup("error-versions").await?;
    // With white space, so that a text encoded again would differ.
    let text = r#"{ "body" : { "method": "GET",  "url": "/nothing" } }"#;
    let inputs = [TestMessage::from_text(text), TestMessage::from_text_v2(text)];
    let mut worker = consuming_worker(&stage, &environment.with("ELASTICIO_PROTOCOL_VERSION", "2")).await?;
    for input in &inputs {
        stage.send(input).await?;
    }
    stage.results.wait_for(2, "errors", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let unchanged = std::str::from_utf8(inputs[0].body())?;
    assert_eq!(encrypted_parts(&stage, 0)?["errorInput"], unchanged, "version 1 is passed on unchanged");
    for (index, emitted) in stage.emitted()?.iter().enumerate() {
        assert_eq!(emitted.routing_key, "error");
        assert_eq!(emitted.payload["errorInput"], serde_json::from_str::<Value>(text)?);
        assert_eq!(emitted.headers.get("protocolVersion"), None);
        let parts = encrypted_parts(&stage, index)?;
        let names: Vec<&String> = parts.as_object().context("an object")?.keys().collect();
        assert_eq!(names, ["error", "errorInput"]);
    }
    stage.remove().await
}

#[tokio::test]
async fn an_error_handler_sees_both_decrypted_parts_and_the_amqp_headers() -> Result<()> {
    let (stage, environment) = setup("error-handler").await?;
    let environment = environment.with("ELASTICIO_FUNCTION", SCRIPTED).with("ELASTICIO_INPUT_FORMAT", "error");
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    let error = json!({ "name": "Error", "message": "it failed", "stack": "here" });
    let input = json!({ "id": "1", "body": { "a": [1, null] }, "headers": {} });
    let encrypt = |value: &Value| cipher::encrypt_base64(value.to_string().as_bytes());
    let both = json!({ "error": encrypt(&error), "errorInput": encrypt(&input) });
    let of = |value: &Value| TestMessage::from_body(value.to_string().into_bytes()).with_header("number", json!(5));
    stage.send(&of(&both)).await?;
    stage.send(&of(&json!({ "error": encrypt(&error) }))).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    worker.stop().await?;

    let emitted = stage.emitted()?;
    assert_eq!(emitted[0].payload["body"]["body"], json!({ "error": error, "errorInput": input }));
    assert_eq!(emitted[1].payload["body"]["body"], json!({ "error": error }), "a start error has no input");
    let headers = &emitted[0].payload["body"]["headers"];
    assert_eq!(headers["stepId"], "step_1");
    assert_eq!(headers["number"], 5);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn an_error_handler_rejects_unreadable_messages() -> Result<()> {
    let (stage, environment) = setup("error-handler-bad").await?;
    let mut worker = consuming_worker(&stage, &environment.with("ELASTICIO_INPUT_FORMAT", "error")).await?;
    let bodies = [
        json!({ "error": "not encrypted" }).to_string(),
        "{".to_owned(),
        cipher::encrypt_base64(br#"{"body":{"method":"GET","url":"/user"}}"#),
    ];
    for body in &bodies {
        stage.send(&TestMessage::from_body(body.clone().into_bytes())).await?;
    }
    stage.rejected.wait_for(bodies.len(), "dead letters", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((stage.results.count(), stage.left().await?), (0, 0));
    assert_eq!(stage.calls(Api::Podio).len(), 0);
    stage.remove().await
}

#[tokio::test]
async fn podio_and_errors_receive_every_digit_of_numbers() -> Result<()> {
    let podio = json!({ "POST /item": [{ "status": 400, "json": {} }] });
    let stage = stage("digits", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let data = r#"{"long":12345678901234567890,"decimal":1.50,"exponent":1e400}"#;
    stage
        .send(&TestMessage::from_text(&format!(r#"{{"body":{{"method":"POST","url":"/item","data":{data}}}}}"#)))
        .await?;
    stage.results.wait_for(1, "error", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(stage.calls(Api::Podio)[0].body, data);
    let encrypted = encrypted_parts(&stage, 0)?;
    let decrypted = cipher::decrypt_base64(encrypted["errorInput"].as_str().context("text")?.as_bytes())?;
    assert!(decrypted.contains(data), "{decrypted}");
    stage.remove().await
}

#[tokio::test]
async fn a_binary_answer_is_emitted_as_base64() -> Result<()> {
    let podio = json!({ "GET /raw": [{ "b64": "/wD+gIE=", "headers": { "content-type": "image/png" } }] });
    let stage = stage("binary", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/raw")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let body = &stage.emitted()?[0].payload["body"];
    assert_eq!((&body["responseBody"], &body["responseBodyEncoding"]), (&json!("/wD+gIE="), &json!("base64")));
    stage.remove().await
}
