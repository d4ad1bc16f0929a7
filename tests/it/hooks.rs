//! The platform's hooks: storing startup data before messages are consumed, and the shutdown hook.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Call};
use podio_test_support::{Ended, Environment, Stage, TestMessage, Worker};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, program, stage, stop};

const STEP_DATA: &str = "/v1/tasks/flow1/steps/step_2";
const STARTUP_DATA: &str = "/sailor-support/hooks/task/flow1/startup/data";
/// `api-user:api-key`
const LOGIN: &str = "Basic YXBpLXVzZXI6YXBpLWtleQ==";

/// `METHOD /path` of every call to the platform.
fn calls(stage: &Stage) -> Vec<String> {
    stage.calls(Api::Platform).iter().map(|call| format!("{} {}", call.method, call.path)).collect()
}

fn on_startup_data(method: &str) -> String {
    format!("{method} {STARTUP_DATA}")
}

async fn setup(label: &str, platform: Value) -> Result<Stage> {
    stage(label, oauth_config(), json!({ "GET /user": [{ "json": { "user_id": 1 } }] }), platform).await
}

fn with_startup_hook(stage: &Stage) -> Environment {
    environment(stage, 1).with("ELASTICIO_STARTUP_REQUIRED", "true")
}

/// The environment of the shutdown hook, without the variables that only messages need.
fn with_shutdown_hook(stage: &Stage) -> Environment {
    let not_needed = [
        "AMQP_URI",
        "LISTEN_MESSAGES_ON",
        "PUBLISH_MESSAGES_TO",
        "DATA_ROUTING_KEY",
        "ERROR_ROUTING_KEY",
        "REBOUND_ROUTING_KEY",
        "SNAPSHOT_ROUTING_KEY",
        "MESSAGE_CRYPTO_IV",
        "MESSAGE_CRYPTO_PASSWORD",
    ];
    not_needed
        .iter()
        .fold(environment(stage, 1), |environment, name| environment.without(&format!("ELASTICIO_{name}")))
        .with("ELASTICIO_HOOK_SHUTDOWN", "true")
}

#[tokio::test]
async fn startup_data_is_stored_before_a_message_is_taken() -> Result<()> {
    let platform = json!({ on_startup_data("POST"): [{ "status": 201, "json": {}, "delay": 0.5 }] });
    let stage = setup("startup-hook", platform).await?;
    stage.send(&TestMessage::get("/user")).await?;
    let mut worker = consuming_worker(&stage, &with_startup_hook(&stage)).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(calls(&stage), [format!("GET {STEP_DATA}"), on_startup_data("POST")]);
    let all = stage.calls(Api::Platform);
    let stored: &Call = all.last().context("the hook's call")?;
    assert_eq!(stored.body, "{}");
    assert_eq!(stored.content_type.as_deref(), Some("application/json"));
    assert!(all.iter().all(|call| call.authorization.as_deref() == Some(LOGIN)), "{all:?}");
    let first = stage.calls(Api::Podio).first().map(|call| call.at).context("Podio is called")?;
    assert!(first >= stored.at + 500, "a message was processed before the data was stored");
    stage.remove().await
}

#[tokio::test]
async fn existing_startup_data_is_replaced() -> Result<()> {
    let platform = json!({
        on_startup_data("POST"): [{ "status": 409, "json": {} }, { "status": 201, "json": {} }],
        on_startup_data("DELETE"): [{ "status": 204 }],
    });
    let stage = setup("startup-conflict", platform).await?;
    let mut worker = consuming_worker(&stage, &with_startup_hook(&stage)).await?;
    stop(&mut worker, BOUND).await?;

    let expected = [on_startup_data("POST"), on_startup_data("DELETE"), on_startup_data("POST")];
    assert_eq!(calls(&stage)[1..], expected);
    assert_eq!(stage.results.count(), 0);
    stage.remove().await
}

#[tokio::test]
async fn startup_data_that_cannot_be_stored_publishes_an_error_and_ends_the_worker() -> Result<()> {
    let platform = json!({ on_startup_data("POST"): [{ "status": 500, "json": { "reason": "no room" } }] });
    let stage = setup("startup-500", platform).await?;
    stage.send(&TestMessage::get("/user")).await?;
    let mut worker = Worker::start(program(), &with_startup_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));

    assert_eq!(calls(&stage)[1..], vec![on_startup_data("POST"); 3], "three attempts by default");
    stage.results.wait_for(1, "error message", BOUND).await?;
    let emitted = &stage.emitted()?[0];
    assert_eq!(emitted.routing_key, "error");
    assert_eq!(emitted.error_message()?, "Request failed with status code 500");
    assert_eq!(emitted.payload.get("errorInput"), None);
    assert_eq!(emitted.headers.get("parentMessageId"), None);
    assert_eq!(emitted.text_header("stepId"), Some("step_2"));
    assert_eq!((stage.left().await?, stage.results.count(), stage.rejected.count()), (1, 1, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_refusal_of_startup_data_is_reported_in_the_platform_s_words() -> Result<()> {
    let platform = json!({ on_startup_data("POST"): [{ "status": 400, "json": { "error": "no room" } }] });
    let stage = setup("startup-400", platform).await?;
    let mut worker = Worker::start(program(), &with_startup_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    stage.results.wait_for(1, "error message", BOUND).await?;
    assert_eq!(stage.emitted()?[0].error_message()?, "no room");
    assert_eq!(calls(&stage)[1..], [on_startup_data("POST")]);
    stage.remove().await
}

#[tokio::test]
async fn startup_data_is_not_stored_without_a_broker() -> Result<()> {
    let stage = setup("startup-no-broker", json!({ on_startup_data("POST"): [{ "status": 201, "json": {} }] })).await?;
    // The port is reserved, but nothing listens.
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let environment = with_startup_hook(&stage).with("ELASTICIO_AMQP_URI", &format!("amqp://{}", socket.local_addr()?));
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    assert_eq!(calls(&stage), [format!("GET {STEP_DATA}")]);
    stage.remove().await
}

#[tokio::test]
async fn startup_data_is_not_stored_by_default() -> Result<()> {
    let stage = setup("startup-off", json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(calls(&stage), [format!("GET {STEP_DATA}")]);
    stage.remove().await
}

#[tokio::test]
async fn the_shutdown_hook_reads_and_deletes_the_startup_data() -> Result<()> {
    for data in [json!({ "json": { "subscription": 7 } }), json!({ "text": "no JSON" }), json!({ "status": 204 })] {
        let platform = json!({ on_startup_data("GET"): [data], on_startup_data("DELETE"): [{ "status": 204 }] });
        let stage = setup("shutdown-hook", platform).await?;
        let mut worker = Worker::start(program(), &with_shutdown_hook(&stage))?;
        assert_eq!(worker.ended(BOUND).await?, Ended(0), "{}", worker.log().all().join("\n"));

        assert_eq!(calls(&stage), [format!("GET {STEP_DATA}"), on_startup_data("GET"), on_startup_data("DELETE")]);
        assert!(stage.calls(Api::Platform).iter().all(|call| call.authorization.as_deref() == Some(LOGIN)));
        assert_eq!(stage.proxy.connections(), 0, "the hook needs no broker");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_shutdown_hook_without_startup_data_fails() -> Result<()> {
    let stage = setup("shutdown-404", json!({})).await?;
    let mut worker = Worker::start(program(), &with_shutdown_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    assert_eq!(calls(&stage), [format!("GET {STEP_DATA}"), on_startup_data("GET")], "nothing is deleted");
    stage.remove().await
}

#[tokio::test]
async fn a_failed_deletion_of_startup_data_fails_the_shutdown_hook() -> Result<()> {
    let platform = json!({
        on_startup_data("GET"): [{ "json": {} }],
        on_startup_data("DELETE"): [{ "status": 500, "json": {} }],
    });
    let stage = setup("shutdown-500", platform).await?;
    let mut worker = Worker::start(program(), &with_shutdown_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    stage.remove().await
}
