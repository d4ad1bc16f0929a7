//! Calls to the object storage: headers, time-outs, retries and errors.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use podio_sandbox::{Api, Call};
use podio_test_support::environment::STORAGE_TOKEN;
use podio_test_support::{Emitted, Environment, OtherHost, Stage, TestMessage, cipher};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::step::{BOUND, answers, consuming_worker, environment, oauth_config, stage, stop};

const OBJECT_ID: &str = "x-ipaas-object-storage-id";
const NOT_STORED: &str = "Lightweight message/passthrough body upload error";

async fn setup(label: &str) -> Result<(Stage, Environment)> {
    let podio = json!({ "GET /user": [{ "json": { "user": "u".repeat(300) } }] });
    let stage = stage(label, oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 1)
        .with("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "true")
        .with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "100");
    Ok((stage, environment))
}

fn add_answers(stage: &Stage, platform: Value) -> Result<()> {
    Ok(stage.sandbox.add_answers(answers(json!({}), platform)?)?)
}

/// A message whose body is in the storage, and the object's id.
fn stored_message(stage: &Stage) -> (TestMessage, String) {
    let body = json!({ "method": "GET", "url": "/user" }).to_string();
    let id = stage.sandbox.put_object(cipher::encrypt_raw(body.as_bytes())).to_string();
    (TestMessage::new(&json!({ "body": {}, "headers": { OBJECT_ID: id } })), id)
}

/// Processes one message; returns its outcome.
async fn outcome(stage: &Stage, environment: &Environment, input: &TestMessage) -> Result<Emitted> {
    let mut worker = consuming_worker(stage, environment).await?;
    stage.send(input).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    stage.emitted()?.pop().context("an outcome")
}

fn calls(stage: &Stage, method: &str) -> Vec<Call> {
    let calls = stage.calls(Api::Platform).into_iter();
    calls.filter(|call| call.path.starts_with("/objects") && call.method == method).collect()
}

/// Three attempts: the second 100 ms after the first, the third 200 ms after the second.
fn assert_three_attempts(calls: &[Call]) {
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert!(calls[1].at >= calls[0].at + 100 && calls[2].at >= calls[1].at + 200, "{calls:?}");
}

#[tokio::test]
async fn a_call_to_a_failing_storage_is_retried() -> Result<()> {
    let (stage, environment) = setup("storage-again").await?;
    let (input, id) = stored_message(&stage);
    add_answers(
        &stage,
        json!({
            format!("GET /objects/{id}"): [{ "status": 503 }, { "reset": true, "then": "normal" }],
            "POST /objects": [{ "status": 500, "times": 2, "then": "normal" }],
        }),
    )?;
    let emitted = outcome(&stage, &environment, &input).await?;
    assert_eq!(emitted.routing_key, "data", "{}", emitted.payload);
    assert!(emitted.payload["headers"][OBJECT_ID].is_string());
    assert_three_attempts(&calls(&stage, "GET"));
    assert_three_attempts(&calls(&stage, "POST"));
    stage.remove().await
}

#[tokio::test]
async fn a_body_that_cannot_be_stored_is_an_error_and_the_worker_continues() -> Result<()> {
    let (stage, environment) = setup("storage-down").await?;
    add_answers(&stage, json!({ "POST /objects": [{ "status": 500, "times": 3, "then": "normal" }] }))?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(2, "outcomes", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let emitted = stage.emitted()?;
    assert_eq!(emitted[0].error_message()?, NOT_STORED);
    assert_eq!(emitted[1].routing_key, "data");
    assert_three_attempts(&calls(&stage, "POST")[..3]);
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 1));
    stage.remove().await
}

#[tokio::test]
async fn a_refusal_of_the_storage_is_not_retried() -> Result<()> {
    let (stage, environment) = setup("storage-403").await?;
    add_answers(&stage, json!({ "POST /objects": [{ "status": 403 }] }))?;
    let emitted = outcome(&stage, &environment, &TestMessage::get("/user")).await?;
    assert_eq!(emitted.error_message()?, NOT_STORED);
    assert_eq!(calls(&stage, "POST").len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_missing_body_is_an_error_and_the_worker_continues() -> Result<()> {
    let (stage, environment) = setup("storage-gone").await?;
    let gone = uuid::Uuid::new_v4().to_string();
    let unreadable = stage.sandbox.put_object("not encrypted").to_string();
    let request = json!({ "method": "GET", "url": "/user" });
    let entry = |id: &str| json!({ "step_1": { "body": {}, "headers": { OBJECT_ID: id } } });
    let inputs = [
        json!({ "body": request, "passthrough": entry(&gone) }),
        json!({ "body": request, "passthrough": entry(&unreadable) }),
        json!({ "body": request }),
    ];
    let mut worker = consuming_worker(&stage, &environment).await?;
    for input in &inputs {
        stage.send(&TestMessage::new(input)).await?;
    }
    stage.results.wait_for(3, "outcomes", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let emitted = stage.emitted()?;
    for (emitted, id) in emitted.iter().zip([&gone, &unreadable]) {
        assert_eq!(emitted.error_message()?, format!("Failed to get message body with id={id}"));
    }
    assert_eq!(emitted[2].routing_key, "data");
    assert_eq!(calls(&stage, "GET").len(), 2, "a 404 is not retried");
    assert_eq!(stage.calls(Api::Podio).len(), 1, "the action does not run without its message");
    stage.rejected.wait_for(2, "dead letters", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 2));
    stage.remove().await
}

#[tokio::test]
async fn attempts_and_time_outs_are_as_configured() -> Result<()> {
    for (retries, attempts) in [("0", 1), ("1", 2), ("7", 3)] {
        let (stage, environment) = setup("storage-bounds").await?;
        let (input, id) = stored_message(&stage);
        add_answers(&stage, json!({ format!("GET /objects/{id}"): [{ "delay": 10.0 }] }))?;
        let environment = environment.with("REQUEST_TIMEOUT", "500").with("REQUEST_MAX_RETRY", retries);
        let emitted = outcome(&stage, &environment, &input).await?;
        assert_eq!(emitted.error_message()?, format!("Failed to get message body with id={id}"));
        let calls = calls(&stage, "GET");
        assert_eq!(calls.len(), attempts, "REQUEST_MAX_RETRY={retries}");
        assert!(calls.windows(2).all(|pair| pair[1].at >= pair[0].at + 500), "{calls:?}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_body_that_stalls_is_fetched_again() -> Result<()> {
    let (stage, environment) = setup("storage-halt").await?;
    let storage = TcpListener::bind("127.0.0.1:0").await?;
    let environment = environment
        .with("ELASTICIO_OBJECT_STORAGE_URI", &format!("http://{}", storage.local_addr()?))
        .with("REQUEST_TIMEOUT", "500")
        .with("REQUEST_MAX_RETRY", "1");
    let requests = tokio::spawn(async move {
        let mut open = Vec::new();
        for _ in 0..2 {
            let (mut connection, _) = storage.accept().await?;
            let _request = connection.read(&mut [0; 4096]).await?;
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nthe beginning").await?;
            open.push(connection);
        }
        anyhow::Ok(open)
    });
    let emitted = outcome(&stage, &environment, &stored_message(&stage).0).await?;
    assert!(emitted.error_message()?.starts_with("Failed to get message body with id="));
    assert_eq!(requests.await??.len(), 2);
    stage.remove().await
}

#[tokio::test]
async fn calls_identify_the_caller() -> Result<()> {
    let (stage, environment) = setup("storage-headers").await?;
    let storage = OtherHost::start().await?;
    let (input, id) = stored_message(&stage);
    let environment = environment
        .with("ELASTICIO_OBJECT_STORAGE_URI", &format!("http://{}", storage.address()))
        .with("REQUEST_MAX_RETRY", "0");
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&input).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(2, "outcomes", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let requests = storage.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(lines, [format!("GET /objects/{id} HTTP/1.1"), "POST /objects HTTP/1.1".to_owned()]);
    for request in &requests {
        assert_eq!(request.authorization(), Some(format!("Bearer {STORAGE_TOKEN}").as_str()));
        assert_eq!(request.headers.get("x-request-id").map(String::as_str), Some("f:flow1;s:step_2;m:"));
    }
    stage.remove().await
}

#[tokio::test]
async fn the_delay_between_attempts_has_at_most_20_percent_jitter() -> Result<()> {
    const MESSAGES: usize = 60;
    let (stage, environment) = setup("storage-jitter").await?;
    let environment = environment.with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", "10");
    let mut worker = consuming_worker(&stage, &environment).await?;
    for _ in 0..MESSAGES {
        let (input, id) = stored_message(&stage);
        add_answers(&stage, json!({ format!("GET /objects/{id}"): [{ "status": 500 }] }))?;
        stage.send(&input).await?;
    }
    stage.results.wait_for(MESSAGES, "errors", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let mut attempts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for call in calls(&stage, "GET") {
        attempts.entry(call.path).or_default().push(call.at);
    }
    // 200 ms plus 0 to 40 ms, so 20 ms at the median. Comparing waits leaves out what the machine adds to all of them.
    let mut waits: Vec<u64> = attempts.values().map(|at| at[2] - at[1]).collect();
    waits.sort_unstable();
    assert!(waits[MESSAGES / 2] - waits[0] < 60, "{waits:?}");
    stage.remove().await
}
