//! The platform's hooks: startup data that is stored before messages are taken, and the shutdown hook.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Call};
use podio_test_support::{Ended, Environment, Stage, TestMessage, Worker};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::step::{BOUND, consuming_worker, environment, own_credential, program, stage, stop};

const STEP_DATA: &str = "/v1/tasks/flow1/steps/step_2";
const STARTUP_DATA: &str = "/sailor-support/hooks/task/flow1/startup/data";
/// `api-user:api-key`
const LOGIN: &str = "Basic YXBpLXVzZXI6YXBpLWtleQ==";

/// `METHOD /path` of every call of the platform.
fn calls(stage: &Stage) -> Vec<String> {
    stage.calls(Api::Platform).iter().map(|call| format!("{} {}", call.method, call.path)).collect()
}

fn on_startup_data(method: &str) -> String {
    format!("{method} {STARTUP_DATA}")
}

async fn set(label: &str, platform: Value) -> Result<Stage> {
    stage(label, own_credential(), json!({ "GET /user": [{ "json": { "user_id": 1 } }] }), platform).await
}

fn with_startup_hook(stage: &Stage) -> Environment {
    environment(stage, 1).with("ELASTICIO_STARTUP_REQUIRED", "true")
}

/// The shutdown hook knows nothing of the broker.
fn with_shutdown_hook(stage: &Stage) -> Environment {
    let needless = [
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
    needless
        .iter()
        .fold(environment(stage, 1), |environment, name| environment.without(&format!("ELASTICIO_{name}")))
        .with("ELASTICIO_HOOK_SHUTDOWN", "true")
}

#[tokio::test]
async fn startup_data_is_stored_before_a_message_is_taken() -> Result<()> {
    let platform = json!({ on_startup_data("POST"): [{ "status": 201, "json": {}, "delay": 0.5 }] });
    let stage = set("startup-hook", platform).await?;
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
    assert!(first >= stored.at + 500, "a message was taken before the platform had the data");
    stage.remove().await
}

#[tokio::test]
async fn startup_data_of_an_earlier_start_is_replaced() -> Result<()> {
    let platform = json!({
        on_startup_data("POST"): [{ "status": 409, "json": {} }, { "status": 201, "json": {} }],
        on_startup_data("DELETE"): [{ "status": 204 }],
    });
    let stage = set("startup-conflict", platform).await?;
    let mut worker = consuming_worker(&stage, &with_startup_hook(&stage)).await?;
    stop(&mut worker, BOUND).await?;

    let expected = [on_startup_data("POST"), on_startup_data("DELETE"), on_startup_data("POST")];
    assert_eq!(calls(&stage)[1..], expected);
    assert_eq!(stage.results.count(), 0);
    stage.remove().await
}

#[tokio::test]
async fn startup_data_that_cannot_be_stored_is_an_error_message_and_the_end() -> Result<()> {
    let platform = json!({ on_startup_data("POST"): [{ "status": 500, "json": { "reason": "no room" } }] });
    let stage = set("startup-500", platform).await?;
    stage.send(&TestMessage::get("/user")).await?;
    let mut worker = Worker::start(program(), &with_startup_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));

    assert_eq!(calls(&stage)[1..], vec![on_startup_data("POST"); 3], "three tries by default");
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
async fn startup_data_that_the_platform_refuses_is_told_in_its_words() -> Result<()> {
    let platform = json!({ on_startup_data("POST"): [{ "status": 400, "json": { "error": "no room" } }] });
    let stage = set("startup-400", platform).await?;
    let mut worker = Worker::start(program(), &with_startup_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    stage.results.wait_for(1, "error message", BOUND).await?;
    assert_eq!(stage.emitted()?[0].error_message()?, "no room");
    assert_eq!(calls(&stage)[1..], [on_startup_data("POST")]);
    stage.remove().await
}

#[tokio::test]
async fn without_a_broker_no_startup_data_is_stored() -> Result<()> {
    let stage = set("startup-no-broker", json!({ on_startup_data("POST"): [{ "status": 201, "json": {} }] })).await?;
    // Taken, but nothing listens there.
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let environment = with_startup_hook(&stage).with("ELASTICIO_AMQP_URI", &format!("amqp://{}", socket.local_addr()?));
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    assert_eq!(calls(&stage), [format!("GET {STEP_DATA}")]);
    stage.remove().await
}

#[tokio::test]
async fn no_startup_data_is_stored_unless_it_is_wanted() -> Result<()> {
    let stage = set("startup-off", json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(calls(&stage), [format!("GET {STEP_DATA}")]);
    stage.remove().await
}

#[tokio::test]
async fn the_shutdown_hook_reads_and_deletes_the_startup_data() -> Result<()> {
    for data in [json!({ "json": { "subscription": 7 } }), json!({ "text": "no JSON" }), json!({ "status": 204 })] {
        let platform = json!({ on_startup_data("GET"): [data], on_startup_data("DELETE"): [{ "status": 204 }] });
        let stage = set("shutdown-hook", platform).await?;
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
    let stage = set("shutdown-404", json!({})).await?;
    let mut worker = Worker::start(program(), &with_shutdown_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    assert_eq!(calls(&stage), [format!("GET {STEP_DATA}"), on_startup_data("GET")], "nothing is deleted");
    stage.remove().await
}

#[tokio::test]
async fn startup_data_that_cannot_be_deleted_fails_the_shutdown_hook() -> Result<()> {
    let platform = json!({
        on_startup_data("GET"): [{ "json": {} }],
        on_startup_data("DELETE"): [{ "status": 500, "json": {} }],
    });
    let stage = set("shutdown-500", platform).await?;
    let mut worker = Worker::start(program(), &with_shutdown_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    stage.remove().await
}
