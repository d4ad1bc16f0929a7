//! Podio's rate limit starts a cooldown for all messages of the credential.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{TestMessage, until};
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop, wait_for_empty_queue};

/// The wait that Podio asks for, in milliseconds.
const WAIT_MS: u64 = 2000;

#[tokio::test]
async fn no_message_calls_podio_during_a_cooldown() -> Result<()> {
    let limit = json!({
        "error": "rate_limit",
        "error_description": "You have hit the rate limit. Please wait 2 seconds before trying again",
    });
    let podio = json!({ "GET /user": [{ "status": 420, "json": limit }, { "json": { "user_id": 1 } }] });
    let stage = stage("cooldown", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 5)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    let limited = until("the answer 420", BOUND, async || {
        Ok(stage.calls(Api::Podio).into_iter().find(|call| call.status == 420))
    })
    .await?;
    for _ in 0..4 {
        stage.send(&TestMessage::get("/user")).await?;
    }
    wait_for_empty_queue(&stage).await?;
    let results = stage.results.wait_for(5, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let calls = stage.calls(Api::Podio);
    assert_eq!(calls.len(), 6, "the first message calls twice, the others once");
    let next = calls[1..].iter().map(|call| call.at).min().context("further calls")?;
    assert!(next >= limited.at + WAIT_MS, "a call came after {} ms", next - limited.at);
    assert_eq!(results.len(), 5);
    assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"));
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_rate_limit_starts_a_cooldown_even_without_attempts_left() -> Result<()> {
    let limited = json!({ "status": 420, "json": {}, "headers": { "retry-after": "2" } });
    let podio = json!({ "GET /user": [limited, { "json": { "user_id": 1 } }] });
    let mut config = oauth_config();
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
