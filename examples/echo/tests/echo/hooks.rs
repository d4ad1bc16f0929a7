//! The hooks of the trigger, whose state the platform keeps.

use anyhow::{Context, Result};
use podio_test_support::{Ended, Environment, Stage, Worker};
use serde_json::{Value, json};

use crate::{BOUND, consuming, environment, program, stage, stop};

const ADDRESS: &str = "https://flow.test/hook/1";
const STARTUP_DATA: &str = "/sailor-support/hooks/task/flow1/startup/data";

fn with_startup_hook(stage: &Stage) -> Environment {
    environment(stage, "count").with("ELASTICIO_STARTUP_REQUIRED", "true")
}

/// Methods and bodies of the calls about the startup data, since the last look.
fn calls(stage: &Stage) -> Vec<(String, String)> {
    let calls = stage.sandbox.calls().into_iter().filter(|call| call.path == STARTUP_DATA);
    let calls = calls.map(|call| (call.method, call.body)).collect();
    stage.sandbox.clear_calls();
    calls
}

/// The methods of these calls.
fn methods(calls: &[(String, String)]) -> Vec<&str> {
    calls.iter().map(|(method, _)| method.as_str()).collect()
}

async fn shut_down(stage: &Stage) -> Result<(Ended, String)> {
    let mut worker = Worker::start(program(), &environment(stage, "count").with("ELASTICIO_HOOK_SHUTDOWN", "true"))?;
    let ended = worker.ended(BOUND).await?;
    Ok((ended, worker.log().all().join("\n")))
}

#[tokio::test]
async fn the_state_of_the_startup_hook_goes_to_the_shutdown_hook() -> Result<()> {
    let stage = stage("hooks", &[], "{}").await?;
    let (stored, deleted) = (json!({ "status": 201, "json": {} }), json!({ "status": 204 }));
    let answers = json!({ "platform": {
        format!("POST {STARTUP_DATA}"): [stored, { "status": 409, "json": {} }, stored],
        format!("DELETE {STARTUP_DATA}"): [deleted],
        format!("GET {STARTUP_DATA}"): [{ "json": { "address": ADDRESS } }],
    } });
    stage.sandbox.set_answers(serde_json::from_value(answers)?)?;
    let environment = with_startup_hook(&stage).with("ELASTICIO_FLOW_WEBHOOK_URI", ADDRESS);
    stop(consuming(&stage, &environment).await?).await?;
    let first = calls(&stage);
    assert_eq!(methods(&first), ["POST"]);
    let posted: Value = serde_json::from_str(&first[0].1)?;
    assert_eq!(posted, json!({ "address": ADDRESS }));

    // The hook runs at every start, and its state replaces the earlier one.
    stop(consuming(&stage, &environment).await?).await?;
    let second = calls(&stage);
    assert_eq!(methods(&second), ["POST", "DELETE", "POST"]);
    assert_eq!(second.last().context("a call")?.1, first[0].1);

    let (ended, log) = shut_down(&stage).await?;
    assert_eq!(ended, Ended(0), "{log}");
    assert_eq!(methods(&calls(&stage)), ["GET", "DELETE"]);
    stage.remove().await
}

#[tokio::test]
async fn a_startup_hook_that_fails_is_an_error_of_the_start_and_stores_nothing() -> Result<()> {
    let stage = stage("hooks-failed", &[], "{}").await?;
    let mut worker = Worker::start(program(), &with_startup_hook(&stage))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    stage.results.wait_for(1, "the error", BOUND).await?;
    let emitted = &stage.emitted()?[0];
    assert_eq!(emitted.routing_key, "error");
    assert_eq!(emitted.error_message()?, "There is no ELASTICIO_FLOW_WEBHOOK_URI.");
    let log = worker.log().all().join("\n");
    assert!(log.contains("the startup hook failed: There is no"), "{log}");
    assert_eq!(calls(&stage), []);
    stage.remove().await
}

#[tokio::test]
async fn the_state_stays_when_the_shutdown_hook_fails() -> Result<()> {
    for state in [json!({ "json": { "other": 7 } }), json!({ "text": "no JSON" }), json!({ "json": "text" })] {
        let stage = stage("hooks-kept", &[], "{}").await?;
        let answers = json!({ "platform": { format!("GET {STARTUP_DATA}"): [state] } });
        stage.sandbox.set_answers(serde_json::from_value(answers)?)?;
        let (ended, log) = shut_down(&stage).await?;
        assert_eq!(ended, Ended(1), "{log}");
        assert!(log.contains("the shutdown hook failed") && log.contains("The state names no address."), "{log}");
        assert_eq!(methods(&calls(&stage)), ["GET"], "what is not taken back is not forgotten");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_none_ends_the_start_only_where_a_hook_runs() -> Result<()> {
    let stage = stage("hooks-address", &[], "{}").await?;
    let mut worker =
        Worker::start(program(), &with_startup_hook(&stage).with("ELASTICIO_FLOW_WEBHOOK_URI", "flow.test"))?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    let log = worker.log().all().join("\n");
    assert!(log.contains("ELASTICIO_FLOW_WEBHOOK_URI: is not an address"), "{log}");
    let environment = environment(&stage, "count").with("ELASTICIO_FLOW_WEBHOOK_URI", "flow.test");
    stop(consuming(&stage, &environment).await?).await?;
    stage.remove().await
}
