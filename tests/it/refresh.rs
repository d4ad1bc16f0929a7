//! Expired tokens, and the refresh that several messages share.

use anyhow::{Result, ensure};
use podio_sandbox::{Api, Call};
use podio_test_support::{Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, count, environment, oauth_config, process, stage, stop};

const SECRET: &str = "/v2/workspaces/ws1/secrets/sec1";
const MESSAGES: usize = 5;

/// A 401 for each message at the same time, then success.
fn expired_for_all() -> Value {
    json!([
        { "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" }, "times": MESSAGES, "delay": 0.5 },
        { "json": { "user_id": 1 } },
    ])
}

fn oauth_config_with_account() -> Value {
    let mut config = oauth_config();
    config["_account"] = json!("acc1");
    config
}

fn with_client(stage: &Stage) -> Environment {
    environment(stage, MESSAGES)
        .with("PODIO_CLIENT_ID", "client-of-the-tests")
        .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", stage.sandbox.podio_url()))
}

/// Processes [`MESSAGES`] messages whose first token is rejected for all; all must succeed with the second token.
async fn run_through_expiry(stage: &Stage, environment: &Environment, tokens: [&str; 2]) -> Result<Vec<Call>> {
    let worker = process(stage, environment, MESSAGES, BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    let users: Vec<Call> = stage.calls(Api::Podio).into_iter().filter(|call| call.path == "/user").collect();
    ensure!(users.len() == 2 * MESSAGES, "{} calls for {MESSAGES} messages", users.len());
    for (calls, token) in [(&users[..MESSAGES], tokens[0]), (&users[MESSAGES..], tokens[1])] {
        let bearer = format!("Bearer {token}");
        assert!(calls.iter().all(|call| call.authorization.as_ref() == Some(&bearer)), "{calls:#?}");
    }
    let log = worker.log().all();
    let leaked =
        log.iter().any(|line| tokens.iter().any(|token| line.contains(token)) || line.contains("secret-of-the-client"));
    assert!(!leaked, "a secret is in the log:\n{}", log.join("\n"));
    Ok(stage.calls(Api::Platform))
}

#[tokio::test]
async fn five_rejected_calls_refresh_the_platform_s_secret_once() -> Result<()> {
    let secret =
        |token: &str| json!([{ "json": { "data": { "attributes": { "credentials": { "access_token": token } } } } }]);
    let platform = json!({
        format!("GET {SECRET}"): secret("token-of-the-secret"),
        format!("POST {SECRET}/refresh"): secret("token-after-refresh"),
    });
    let config = json!({ "secretId": "sec1", "retriesDelay": "50" });
    let stage = stage("secret-refresh", config, json!({ "GET /user": expired_for_all() }), platform).await?;
    let tokens = ["token-of-the-secret", "token-after-refresh"];
    let calls = run_through_expiry(&stage, &environment(&stage, MESSAGES), tokens).await?;
    assert_eq!(count(&calls, "POST", &format!("{SECRET}/refresh")), 1);
    assert_eq!(count(&calls, "GET", SECRET), 2, "at the start, and once before the refresh");
    stage.remove().await
}

#[tokio::test]
async fn five_rejected_calls_use_the_refresh_token_once() -> Result<()> {
    let fresh = json!({ "access_token": "new-access-token", "refresh_token": "new-refresh-token", "token_type": "bearer", "expires_in": 28800 });
    let podio = json!({ "GET /user": expired_for_all(), "POST /oauth/token": [{ "json": fresh }] });
    let platform = json!({ "PUT /v1/accounts/acc1": [{ "json": {} }] });
    let stage = stage("own-refresh", oauth_config_with_account(), podio, platform).await?;
    let calls = run_through_expiry(&stage, &with_client(&stage), ["old-access-token", "new-access-token"]).await?;

    let exchanges: Vec<Call> = stage.calls(Api::Podio).into_iter().filter(|call| call.path == "/oauth/token").collect();
    assert_eq!(exchanges.len(), 1, "{exchanges:#?}");
    for part in ["grant_type=refresh_token", "refresh_token=old-refresh-token"] {
        assert!(exchanges[0].body.contains(part), "{part} is not in {}", exchanges[0].body);
    }
    assert_eq!(count(&calls, "PUT", "/v1/accounts/acc1"), 1);
    let updated = calls.iter().find(|call| call.method == "PUT").map_or("", |call| &call.body);
    assert!(updated.contains("new-access-token") && updated.contains("new-refresh-token"), "{updated}");
    stage.remove().await
}

#[tokio::test]
async fn a_refused_refresh_token_is_a_clear_error_and_the_worker_continues() -> Result<()> {
    let refused = json!({ "error": "invalid_grant", "error_description": "refresh token is revoked" });
    let podio = json!({
        "GET /user": [
            { "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" } },
            { "json": { "user_id": 1 } },
        ],
        "POST /oauth/token": [{ "status": 400, "json": refused }],
    });
    let stage = stage("invalid-grant", oauth_config_with_account(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let emitted = stage.emitted()?;
    let message = emitted[0].error_message()?;
    assert!(message.to_lowercase().contains("authori"), "it must ask to authorize the credential again: {message}");
    assert!(!message.contains("old-refresh-token"), "{message}");
    assert_eq!(emitted[1].routing_key, "data");
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}
