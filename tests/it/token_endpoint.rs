//! Podio's token endpoint: malformed answers, retries and rate limits.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Call};
use podio_test_support::{Emitted, Environment, Stage, TestMessage, until};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

fn expired() -> Value {
    json!({ "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" } })
}

fn with_client(stage: &Stage) -> Environment {
    environment(stage, 5)
        .with("PODIO_CLIENT_ID", "client-of-the-tests")
        .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", stage.sandbox.podio_url()))
}

/// A stage whose first token is expired, with these answers of the token endpoint.
async fn expired_stage(label: &str, token_answers: Value) -> Result<Stage> {
    let podio = json!({ "GET /user": [expired(), { "json": {} }], "POST /oauth/token": token_answers });
    stage(label, oauth_config(), podio, json!({})).await
}

fn exchanges(stage: &Stage) -> Vec<Call> {
    stage.calls(Api::Podio).into_iter().filter(|call| call.path == "/oauth/token").collect()
}

/// Processes one message; returns its outcome and the worker's log.
async fn run(stage: &Stage) -> Result<(Emitted, String)> {
    let mut worker = consuming_worker(stage, &with_client(stage)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    Ok((stage.emitted()?.pop().context("an outcome")?, worker.log().all().join("\n")))
}

#[tokio::test]
async fn only_missing_answers_and_server_errors_are_retried() -> Result<()> {
    let elsewhere = json!({ "status": 307, "headers": { "location": "/oauth/token/v2" } });
    let (again, later, where_to) =
        ("Authorize the credential again on the platform.", "Try again later.", "where it leads.");
    for (answer, attempts, advice) in [
        (json!({ "json": { "server_nonce": "n" } }), 1, again),
        (json!({ "text": "<html>" }), 1, again),
        (json!({ "status": 404, "text": "<html>" }), 1, again),
        (json!({ "status": 403, "json": { "message": "no" } }), 1, again),
        (elsewhere, 1, where_to),
        (json!({ "status": 502, "text": "<html>" }), 3, later),
        (json!({ "reset": true }), 3, later),
    ] {
        let stage = expired_stage("token-attempts", json!([answer])).await?;
        let (emitted, _) = run(&stage).await?;
        let message = emitted.error_message()?;
        assert!(message.contains("token endpoint"), "{message}");
        assert!(message.ends_with(advice), "{answer}: {message}");
        assert_eq!(exchanges(&stage).len(), attempts, "{answer}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn malformed_fields_do_not_discard_the_token() -> Result<()> {
    for expires_in in [json!(28800.5), json!(-1), json!("soon")] {
        let fresh = json!({ "access_token": "new-access-token", "refresh_token": "", "expires_in": expires_in });
        let podio = json!({
            "GET /user": [expired(), { "json": {} }, expired(), { "json": {} }],
            "POST /oauth/token": [{ "json": fresh }],
        });
        let stage = stage("token-odd", oauth_config(), podio, json!({})).await?;
        let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
        for done in 1..=2 {
            stage.send(&TestMessage::get("/user")).await?;
            stage.results.wait_for(done, "outcomes", BOUND).await?;
        }
        stop(&mut worker, BOUND).await?;
        assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"), "{expires_in}");
        let users = stage.calls(Api::Podio).into_iter().filter(|call| call.path == "/user");
        let tokens: Vec<Option<String>> = users.map(|call| call.authorization).collect();
        assert_eq!(tokens[1].as_deref(), Some("Bearer new-access-token"), "{expires_in}");
        let exchanges = exchanges(&stage);
        assert_eq!(exchanges.len(), 2, "{expires_in}");
        assert!(exchanges[1].body.contains("refresh_token=old-refresh-token"), "{}", exchanges[1].body);
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn only_the_error_code_of_the_endpoint_is_reported() -> Result<()> {
    let refusal = json!({ "error": "no token old-refresh-token of Ann", "error_description": "prose of Ann" });
    let stage = expired_stage("token-prose", json!([{ "status": 400, "json": refusal }])).await?;
    let (emitted, log) = run(&stage).await?;
    let message = emitted.error_message()?;
    assert!(message.contains("without an error code"), "{message}");
    assert!(!message.contains("Ann") && !log.contains("Ann"), "{message}\n{log}");
    assert_eq!(exchanges(&stage).len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn all_messages_wait_out_the_endpoint_s_rate_limit_and_then_the_token_is_refreshed() -> Result<()> {
    const WAIT_MS: u64 = 2000;
    let limited = json!({ "status": 420, "json": {}, "headers": { "retry-after": "2" } });
    let podio = json!({
        "GET /user": [expired(), { "json": {} }],
        "POST /oauth/token": [limited, { "json": { "access_token": "new-access-token" } }],
    });
    let stage = stage("token-limit", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    until("the token endpoint's 420", BOUND, async || {
        Ok(stage.calls(Api::Podio).iter().any(|call| call.status == 420).then_some(()))
    })
    .await?;
    for _ in 0..4 {
        stage.send(&TestMessage::get("/user")).await?;
    }
    stage.results.wait_for(5, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"), "no message is rebounded");
    let exchanges = exchanges(&stage);
    assert_eq!(exchanges.len(), 2, "{exchanges:?}");
    let calls = stage.calls(Api::Podio);
    let between = calls.iter().filter(|call| call.at > exchanges[0].at && call.at < exchanges[0].at + WAIT_MS);
    assert_eq!(between.count(), 0, "{calls:?}");
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_rate_limit_of_the_endpoint_that_is_too_long_or_too_frequent_rebounds() -> Result<()> {
    for (wait, attempts) in [("300", 1), ("0", 4)] {
        let limited = json!({ "status": 420, "json": {}, "headers": { "retry-after": wait } });
        let stage = expired_stage("token-limit-long", json!([limited])).await?;
        let (emitted, _) = run(&stage).await?;
        assert_eq!(emitted.routing_key, "rebound", "{wait}: {}", emitted.payload);
        assert_eq!(exchanges(&stage).len(), attempts, "{wait}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_during_a_long_cooldown_of_the_endpoint_makes_no_calls() -> Result<()> {
    let limited = json!({ "status": 420, "json": {}, "headers": { "retry-after": "300" } });
    let stage = expired_stage("token-limit-next", json!([limited])).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
    for done in 1..=2 {
        stage.send(&TestMessage::get("/user")).await?;
        stage.results.wait_for(done, "rebounds", BOUND).await?;
    }
    stop(&mut worker, BOUND).await?;
    assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "rebound"));
    assert_eq!(stage.calls(Api::Podio).len(), 2, "the first message's call and its refresh");
    stage.remove().await
}
