//! Starts that must fail, and one that must not.

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Ended, Input, Worker, run_to_end};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::step::{BOUND, consuming_worker, count, environment, own_credential, program, stage, stop};

const STEP_DATA: &str = "/v1/tasks/flow1/steps/step_2";

/// Podio answers, so that a worker that starts in spite of everything would be seen.
fn user() -> serde_json::Value {
    json!({ "GET /user": [{ "json": { "user_id": 1 } }] })
}

#[tokio::test]
async fn all_missing_and_malformed_settings_are_named_in_one_go() -> Result<()> {
    let stage = stage("settings", own_credential(), user(), json!({})).await?;
    stage.send(&Input::get("/user")).await?;
    let environment = environment(&stage, 1)
        .without("ELASTICIO_FLOW_ID")
        .without("ELASTICIO_LISTEN_MESSAGES_ON")
        .without("ELASTICIO_API_KEY")
        .with("ELASTICIO_AMQP_URI", "not an address")
        .with("ELASTICIO_API_URI", "ftp//nowhere")
        .with("ELASTICIO_MESSAGE_CRYPTO_IV", "too short");
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));

    let log = worker.log().all().join("\n");
    for name in ["FLOW_ID", "LISTEN_MESSAGES_ON", "API_KEY", "AMQP_URI", "API_URI", "MESSAGE_CRYPTO_IV"] {
        assert!(log.contains(&format!("ELASTICIO_{name}")), "{name} is not named:\n{log}");
    }
    assert_eq!((stage.waiting().await?, stage.results.count()), (1, 0));
    assert_eq!(stage.sandbox.calls().len(), 0);
    stage.remove().await
}

#[tokio::test]
async fn an_address_of_podio_that_holds_more_than_that_is_refused_and_not_repeated() -> Result<()> {
    for name in ["PODIO_API_URL", "PODIO_TOKEN_URL"] {
        for value in ["http://pearl@h/", "http://u:pearl@h/", "http://h/?pearl", "http://h/#pearl", "http://h/?"] {
            let variables = [(name, value), ("PODIO_ACCESS_TOKEN", "token")];
            let finished = run_to_end(program(), &["exec", "{}"], &variables, "", BOUND).await?;
            assert_eq!(finished.ended, Ended(1), "{value}");
            assert!(finished.errors.contains(&format!("{name}: must have no")), "{value}: {}", finished.errors);
            assert!(!finished.errors.contains("pearl"), "{}", finished.errors);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_broker_that_cannot_be_reached_is_named() -> Result<()> {
    let stage = stage("no-broker", own_credential(), user(), json!({})).await?;
    // Taken, but nothing listens there.
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let address = socket.local_addr()?.to_string();
    let environment =
        environment(&stage, 1).with("ELASTICIO_AMQP_URI", &format!("amqp://someone:password-of-someone@{address}"));
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));

    let log = worker.log().all().join("\n");
    let last = worker.log().all().pop().unwrap_or_default();
    assert!(last.contains("broker") && last.contains("ELASTICIO_AMQP_URI"), "it must name the setting:\n{log}");
    assert!(!log.contains("password-of-someone"), "the password is in the log:\n{log}");
    stage.remove().await
}

#[tokio::test]
async fn an_unknown_function_is_an_error_message_and_the_end() -> Result<()> {
    let stage = stage("unknown-function", own_credential(), user(), json!({})).await?;
    stage.send(&Input::get("/user")).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", "noSuchFunction");
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));

    stage.results.wait_for(1, "error message", BOUND).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted.len(), 1);
    assert_eq!(emitted[0].routing_key, "error");
    assert!(emitted[0].error_message()?.contains("noSuchFunction"));
    assert_eq!(emitted[0].payload.get("errorInput"), None);
    assert_eq!(emitted[0].text_header("parentMessageId"), None);
    assert_eq!((stage.left().await?, stage.rejected.count()), (1, 0));
    stage.remove().await
}

#[tokio::test]
async fn step_data_is_asked_for_again_after_an_error_of_the_platform() -> Result<()> {
    let platform = json!({
        format!("GET {STEP_DATA}"): [{ "status": 500, "json": {}, "times": 2, "then": "normal" }],
    });
    let stage = stage("step-data-500", own_credential(), user(), platform).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&Input::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(count(&stage.calls(Api::Platform), "GET", STEP_DATA), 3);
    assert_eq!(stage.emitted()?[0].routing_key, "data");
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}
