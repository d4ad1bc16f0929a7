//! Where new tokens come from, and which messages use them.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Call, Options};
use podio_test_support::{Environment, Stage, TestMessage, until};
use serde_json::{Value, json};

use crate::step::{
    BOUND, answers, consuming_worker, count, environment, oauth_config, stage, step_data, stop, wait_for_empty_queue,
    wait_for_podio_calls,
};

const SECRET: &str = "/v2/workspaces/ws1/secrets/sec1";
const MESSAGES: usize = 5;

fn expired() -> Value {
    json!({ "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" } })
}

fn fresh(number: u32) -> Value {
    let (access, refresh) = (format!("new-access-token-{number}"), format!("new-refresh-token-{number}"));
    json!({ "json": { "access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 28800 } })
}

fn with_client(stage: &Stage, token_path: &str) -> Environment {
    environment(stage, MESSAGES)
        .with("PODIO_CLIENT_ID", "client-of-the-tests")
        .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
        .with("PODIO_TOKEN_URL", &format!("{}{token_path}", stage.sandbox.podio_url()))
}

/// The tokens that `/user` was called with, in order.
fn tokens(stage: &Stage) -> Vec<String> {
    let users = stage.calls(Api::Podio).into_iter().filter(|call| call.path == "/user");
    users.filter_map(|call| Some(call.authorization?.strip_prefix("Bearer ")?.to_owned())).collect()
}

fn exchanges(stage: &Stage) -> Vec<Call> {
    stage.calls(Api::Podio).into_iter().filter(|call| call.path.starts_with("/oauth/token")).collect()
}

#[tokio::test]
async fn a_failed_refresh_is_shared_by_all_messages_that_waited_for_it() -> Result<()> {
    let mut unauthorized = expired();
    unauthorized["delay"] = json!(0.5);
    let credentials = json!({ "data": { "attributes": { "credentials": { "access_token": "token-of-the-secret" } } } });
    let platform = json!({
        format!("GET {SECRET}"): [{ "json": credentials }],
        format!("POST {SECRET}/refresh"): [{ "status": 422, "json": {}, "delay": 2.0 }],
    });
    let config = json!({ "secretId": "sec1", "retriesDelay": "50" });
    let stage = stage("failing-refresh", config, json!({ "GET /user": [unauthorized] }), platform).await?;
    for _ in 0..MESSAGES {
        stage.send(&TestMessage::get("/user")).await?;
    }
    let mut worker = consuming_worker(&stage, &environment(&stage, MESSAGES)).await?;
    stage.rejected.wait_for(MESSAGES, "dead letters", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let calls = stage.calls(Api::Platform);
    assert_eq!(count(&calls, "POST", &format!("{SECRET}/refresh")), 1, "{calls:?}");
    assert_eq!(tokens(&stage).len(), MESSAGES, "nothing is repeated without a new token");
    for emitted in stage.emitted()? {
        let message = emitted.error_message()?;
        assert!(message.contains("Authorize the credential again"), "{message}");
    }
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}

#[tokio::test]
async fn a_version_2_token_endpoint_is_sent_json() -> Result<()> {
    let podio = json!({ "GET /user": [expired(), { "json": {} }], "POST /oauth/token/v2": [fresh(1)] });
    let stage = stage("token-v2", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage, "/oauth/token/v2")).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(stage.emitted()?[0].routing_key, "data");
    let exchange = &exchanges(&stage)[0];
    assert_eq!(exchange.content_type.as_deref(), Some("application/json"));
    let body: Value = serde_json::from_str(&exchange.body)?;
    for (name, value) in [
        ("grant_type", "refresh_token"),
        ("refresh_token", "old-refresh-token"),
        ("client_id", "client-of-the-tests"),
        ("client_secret", "secret-of-the-client"),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    stage.remove().await
}

#[tokio::test]
async fn later_messages_use_the_refreshed_credential_and_its_refresh_token() -> Result<()> {
    let podio = json!({
        "GET /user": [expired(), { "json": {} }, { "json": {} }, expired(), { "json": {} }],
        "POST /oauth/token": [fresh(1), fresh(2)],
    });
    let stage = stage("refreshed-twice", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage, "/oauth/token")).await?;
    for done in 1..=3 {
        stage.send(&TestMessage::get("/user")).await?;
        stage.results.wait_for(done, "results", BOUND).await?;
    }
    stop(&mut worker, BOUND).await?;

    let (old, first, second) = ("old-access-token", "new-access-token-1", "new-access-token-2");
    assert_eq!(tokens(&stage), [old, first, first, first, second]);
    let exchanges = exchanges(&stage);
    assert!(exchanges[0].content_type.as_deref() == Some("application/x-www-form-urlencoded"), "{exchanges:?}");
    assert!(exchanges[0].body.contains("refresh_token=old-refresh-token"), "{}", exchanges[0].body);
    assert!(exchanges[1].body.contains("refresh_token=new-refresh-token-1"), "{}", exchanges[1].body);
    assert_eq!(exchanges.len(), 2);
    assert_eq!(stage.calls(Api::Platform).len(), 1, "without an account nothing is stored");
    stage.remove().await
}

#[tokio::test]
async fn a_credential_that_another_worker_refreshed_is_read_again() -> Result<()> {
    let refused = json!({ "status": 400, "json": { "error": "invalid_grant", "error_description": "spent" } });
    let podio = json!({ "GET /user": [expired(), { "json": {} }], "POST /oauth/token": [refused] });
    let stage = stage("refreshed-elsewhere", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage, "/oauth/token")).await?;
    let newer = json!({ "access_token": "newer-access-token", "refresh_token": "newer-refresh-token" });
    stage.sandbox.set_step(&step_data(json!({ "oauth": newer, "retriesDelay": "50" })));
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(stage.emitted()?[0].routing_key, "data");
    assert_eq!(tokens(&stage), ["old-access-token", "newer-access-token"]);
    assert_eq!(exchanges(&stage).len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_401_does_not_count_as_a_retry_and_a_second_one_is_final() -> Result<()> {
    let mut config = oauth_config();
    config["retries"] = json!(1);
    let busy = json!({ "status": 503, "json": {} });
    let podio = json!({ "GET /user": [expired(), busy, { "json": {} }, expired()], "POST /oauth/token": [fresh(1)] });
    let stage = stage("refresh-budget", config, podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage, "/oauth/token")).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(2, "outcomes", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let emitted = stage.emitted()?;
    assert_eq!(emitted[0].routing_key, "data", "{}", emitted[0].payload);
    let message = emitted[1].error_message()?;
    assert!(message.contains("Authorize the credential again"), "{message}");
    assert_eq!(tokens(&stage).len(), 3 + 2, "one refresh per message");
    stage.remove().await
}

#[tokio::test]
async fn a_cooldown_applies_to_one_credential_only() -> Result<()> {
    let limited = json!({ "status": 420, "json": {}, "headers": { "retry-after": "30" } });
    let podio = json!({ "GET /user": [limited, { "json": {} }] });
    let first = stage("paused", oauth_config(), podio, json!({})).await?;
    let mut other = oauth_config();
    other["oauth"]["access_token"] = json!("other-access-token");
    let second = stage("not-paused", other, json!({}), json!({})).await?;
    let of = |platform: &Stage| environment(platform, 1).with("PODIO_API_URL", &first.sandbox.podio_url());
    let (mut paused, mut free) =
        (consuming_worker(&first, &of(&first)).await?, consuming_worker(&second, &of(&second)).await?);
    first.send(&TestMessage::get("/user")).await?;
    wait_for_podio_calls(&first, 1).await?;
    until("the answer 420", BOUND, async || {
        Ok(first.calls(Api::Podio).iter().any(|call| call.status == 420).then_some(()))
    })
    .await?;
    second.send(&TestMessage::get("/user")).await?;
    second.results.wait_for(1, "result", BOUND).await?;
    assert_eq!(first.results.count(), 0);
    stop(&mut free, BOUND).await?;
    stop(&mut paused, BOUND).await?;

    assert_eq!(tokens(&first), ["old-access-token", "other-access-token"]);
    assert_eq!(first.left().await?, 1, "the stop cuts the cooldown short and leaves the message");
    wait_for_empty_queue(&second).await.context("the other credential's message")?;
    first.remove().await?;
    second.remove().await
}

#[tokio::test]
async fn an_answer_from_another_host_after_a_redirect_does_not_affect_the_credential() -> Result<()> {
    for status in [401, 420, 429] {
        let elsewhere = podio_sandbox::start(Options { only_answers: true, ..Options::default() }).await?;
        let limited = json!({ "status": status, "json": {}, "headers": { "retry-after": "300" } });
        elsewhere.set_answers(answers(json!({ "GET /user": [limited] }), json!({}))?)?;
        let away = json!({ "status": 302, "headers": { "location": format!("{}/user", elsewhere.podio_url()) } });
        let podio = json!({ "GET /user": [away, { "json": {} }], "POST /oauth/token": [fresh(1)] });
        let stage = stage("elsewhere", oauth_config(), podio, json!({})).await?;
        let mut worker = consuming_worker(&stage, &with_client(&stage, "/oauth/token")).await?;
        for done in 1..=2 {
            stage.send(&TestMessage::get("/user")).await?;
            stage.results.wait_for(done, "outcomes", BOUND).await?;
        }
        stop(&mut worker, BOUND).await?;

        let emitted = stage.emitted()?;
        let message = emitted[0].error_message()?;
        assert!(message.contains(&format!("status - \"{status}\"")) && message.contains("another host"), "{message}");
        assert_eq!(emitted[1].routing_key, "data", "{status}: the other host's wait does not apply");
        let calls = elsewhere.calls();
        assert_eq!((calls.len(), calls[0].authorization.as_deref()), (1, None), "{status}");
        assert_eq!((exchanges(&stage).len(), tokens(&stage).len()), (0, 2), "{status}");
        stage.remove().await?;
    }
    Ok(())
}
