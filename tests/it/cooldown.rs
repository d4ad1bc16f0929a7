//! Podio's rate limit: a wait that it asks for holds for every message of the credential.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{TestMessage, until};
use serde_json::json;

use crate::step::{BOUND, all_taken, consuming_worker, environment, own_credential, stage, stop};

/// The wait that Podio asks for, in milliseconds.
const WAIT_MS: u64 = 2000;

#[tokio::test]
async fn nobody_calls_while_podio_wants_a_pause() -> Result<()> {
    let limit = json!({
        "error": "rate_limit",
        "error_description": "You have hit the rate limit. Please wait 2 seconds before trying again",
    });
    let podio = json!({ "GET /user": [{ "status": 420, "json": limit }, { "json": { "user_id": 1 } }] });
    let stage = stage("cooldown", own_credential(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 5)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    let limited = until("the answer 420", BOUND, async || {
        Ok(stage.calls(Api::Podio).into_iter().find(|call| call.status == 420))
    })
    .await?;
    for _ in 0..4 {
        stage.send(&TestMessage::get("/user")).await?;
    }
    all_taken(&stage).await?;
    let results = stage.results.wait_for(5, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let calls = stage.calls(Api::Podio);
    assert_eq!(calls.len(), 6, "the first is repeated, the others call once");
    let next = calls[1..].iter().map(|call| call.at).min().context("there are more calls")?;
    assert!(next >= limited.at + WAIT_MS, "a call came after {} ms", next - limited.at);
    assert_eq!(results.len(), 5);
    assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"));
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn the_pause_holds_too_when_the_message_that_met_it_has_no_attempt_left() -> Result<()> {
    let limited = json!({ "status": 420, "json": {}, "headers": { "retry-after": "2" } });
    let podio = json!({ "GET /user": [limited, { "json": { "user_id": 1 } }] });
    let mut config = own_credential();
    config["retries"] = json!(0);
    let stage = stage("cooldown-last", config, podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(2, "outcomes", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let calls = stage.calls(Api::Podio);
    assert_eq!(calls.len(), 2);
    assert!(calls[1].at >= calls[0].at + WAIT_MS, "a call came after {} ms", calls[1].at - calls[0].at);
    let emitted = stage.emitted()?;
    assert!(emitted[0].error_message()?.contains("420"), "{}", emitted[0].error_message()?);
    assert_eq!(emitted[1].routing_key, "data");
    stage.remove().await
}
