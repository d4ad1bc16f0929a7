//! Starting: failures, and recovery from them.

use std::time::Duration;

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Ended, TestMessage, Worker, run_to_end, until};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::step::{BOUND, consuming_worker, count, environment, oauth_config, program, stage, stop};

const STEP_DATA: &str = "/v1/tasks/flow1/steps/step_2";

/// Podio's answer, so that a worker that wrongly starts would produce a result.
fn user() -> serde_json::Value {
    json!({ "GET /user": [{ "json": { "user_id": 1 } }] })
}

#[tokio::test]
async fn all_missing_and_malformed_settings_are_reported_together() -> Result<()> {
    let stage = stage("settings", oauth_config(), user(), json!({})).await?;
    stage.send(&TestMessage::get("/user")).await?;
    let environment = environment(&stage, 1)
        .without("ELASTICIO_FLOW_ID")
        .without("ELASTICIO_LISTEN_MESSAGES_ON")
        .without("ELASTICIO_API_KEY")
        .with("ELASTICIO_AMQP_URI", "not an address")
        .with("ELASTICIO_API_URI", "ftp//nowhere")
        .with("ELASTICIO_MESSAGE_CRYPTO_IV", "too short")
        .with("LOG_LEVEL", "fatal");
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));

    let log = worker.log().all().join("\n");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&log)?["level"], 60, "{log}");
    for name in ["FLOW_ID", "LISTEN_MESSAGES_ON", "API_KEY", "AMQP_URI", "API_URI", "MESSAGE_CRYPTO_IV"] {
        assert!(log.contains(&format!("ELASTICIO_{name}")), "{name} is not named:\n{log}");
    }
    assert_eq!((stage.waiting().await?, stage.results.count()), (1, 0));
    assert_eq!(stage.sandbox.calls().len(), 0);
    stage.remove().await
}

#[tokio::test]
async fn a_podio_address_with_more_than_an_origin_and_path_is_refused_and_not_logged() -> Result<()> {
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
async fn an_address_of_the_platform_with_more_than_an_origin_and_path_is_refused_and_not_logged() -> Result<()> {
    for name in ["ELASTICIO_API_URI", "ELASTICIO_OBJECT_STORAGE_URI"] {
        for value in ["http://pearl@h/", "http://u:pearl@h/", "http://h/?pearl", "http://h/#pearl", "http://h/?"] {
            let finished = run_to_end(program(), &[] as &[&str], &[(name, value)], "", BOUND).await?;
            assert_eq!(finished.ended, Ended(1), "{value}");
            let shown = finished.output + &finished.errors;
            assert!(shown.contains(&format!("{name}: must have no")), "{value}: {shown}");
            assert!(!shown.contains("pearl"), "{shown}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_unreachable_broker_is_reported_with_its_variable() -> Result<()> {
    let stage = stage("no-broker", oauth_config(), user(), json!({})).await?;
    // The port is reserved, but nothing listens.
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let address = socket.local_addr()?.to_string();
    let environment =
        environment(&stage, 1).with("ELASTICIO_AMQP_URI", &format!("amqp://someone:password-of-someone@{address}"));
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));

    let log = worker.log().all().join("\n");
    let last = worker.log().all().pop().unwrap_or_default();
    assert!(last.contains("broker") && last.contains("ELASTICIO_AMQP_URI"), "the variable is not named:\n{log}");
    assert!(!log.contains("password-of-someone"), "the password is in the log:\n{log}");
    stage.remove().await
}

#[tokio::test]
async fn an_unknown_function_publishes_an_error_and_ends_the_worker() -> Result<()> {
    let stage = stage("unknown-function", oauth_config(), user(), json!({})).await?;
    stage.send(&TestMessage::get("/user")).await?;
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
async fn reading_step_data_is_retried_after_a_server_error() -> Result<()> {
    let platform = json!({
        format!("GET {STEP_DATA}"): [{ "status": 500, "json": {}, "times": 2, "then": "normal" }],
    });
    let stage = stage("step-data-500", oauth_config(), user(), platform).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(count(&stage.calls(Api::Platform), "GET", STEP_DATA), 3);
    assert_eq!(stage.emitted()?[0].routing_key, "data");
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}

/// Longer than one attempt to open the connections may take.
const LONGER_THAN_AN_ATTEMPT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_broker_that_accepts_but_stays_silent_is_retried() -> Result<()> {
    let stage = stage("silent-broker", oauth_config(), user(), json!({})).await?;
    stage.proxy.silence(true);
    let mut worker = Worker::start(program(), &environment(&stage, 1))?;
    until("both connections", BOUND, async || Ok((stage.proxy.connections() >= 2).then_some(()))).await?;
    stage.proxy.silence(false);
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", LONGER_THAN_AN_ATTEMPT).await?;

    // The same when connections are opened again.
    let connections = stage.proxy.connections();
    stage.proxy.cut();
    stage.proxy.silence(true);
    until("new connections", BOUND, async || Ok((stage.proxy.connections() >= connections + 2).then_some(()))).await?;
    stage.proxy.silence(false);
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(2, "result", LONGER_THAN_AN_ATTEMPT).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}

#[tokio::test]
async fn a_silent_broker_fails_the_start() -> Result<()> {
    let stage = stage("silent-broker-for-ever", oauth_config(), user(), json!({})).await?;
    stage.proxy.silence(true);
    let environment = environment(&stage, 1).with("ELASTICIO_AMQP_RECONNECT_ATTEMPTS", "1");
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(LONGER_THAN_AN_ATTEMPT).await?, Ended(1), "{}", worker.log().all().join("\n"));
    assert_eq!(stage.proxy.connections(), 4, "two attempts");
    stage.remove().await
}

/// Long enough for the connections to open, and shorter than the platform's answer takes in these tests.
const OPEN: Duration = Duration::from_millis(700);

#[tokio::test]
async fn connections_that_break_before_the_first_message_are_opened_again() -> Result<()> {
    let data = json!({ "config": oauth_config(), "snapshot": {} });
    let slow = json!({ format!("GET {STEP_DATA}"): [{ "json": data, "delay": 2.0 }] });
    let stage = stage("cut-at-start", oauth_config(), user(), slow).await?;
    stage.send(&TestMessage::get("/user")).await?;
    let mut worker = Worker::start(program(), &environment(&stage, 1))?;
    until("both connections", BOUND, async || Ok((stage.proxy.connections() >= 2).then_some(()))).await?;
    tokio::time::sleep(OPEN).await;
    stage.proxy.cut();
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((stage.emitted()?[0].routing_key.as_str(), stage.left().await?), ("data", 0));
    stage.remove().await
}

#[tokio::test]
async fn a_failed_start_is_reported_over_new_connections_if_the_old_ones_broke() -> Result<()> {
    let slow = json!({ format!("GET {STEP_DATA}"): [{ "status": 404, "json": {}, "delay": 2.0 }] });
    let stage = stage("cut-at-failing-start", oauth_config(), user(), slow).await?;
    let mut worker = Worker::start(program(), &environment(&stage, 1))?;
    until("both connections", BOUND, async || Ok((stage.proxy.connections() >= 2).then_some(()))).await?;
    tokio::time::sleep(OPEN).await;
    stage.proxy.cut();
    stage.results.wait_for(1, "error message", BOUND).await?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    stage.results.wait_for(1, "the error", BOUND).await?;
    assert_eq!((stage.emitted()?[0].routing_key.as_str(), stage.results.count()), ("error", 1));
    stage.remove().await
}

#[tokio::test]
async fn a_missing_queue_fails_the_start() -> Result<()> {
    let stage = stage("no-queue", oauth_config(), user(), json!({})).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_LISTEN_MESSAGES_ON", "podio-test.no-such-queue");
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    assert!(worker.log().all().join("\n").contains("NOT_FOUND"));
    stage.remove().await
}
