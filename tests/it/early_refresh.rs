//! A token that soon expires is refreshed before a call runs into a 401, and nobody fails if that does not work.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use podio_sandbox::{Api, Call};
use podio_test_support::{Environment, Stage, TestMessage, until};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, count, environment, oauth_config, process, stage, step_data, stop};

const ACCOUNT: &str = "/v1/accounts/acc1";
const SECRET: &str = "/v2/workspaces/ws1/secrets/sec1";
const MESSAGES: usize = 20;

/// A config whose token expires as these fields say.
fn config(expiry: &Value) -> Value {
    let mut config = oauth_config();
    config["_account"] = json!("acc1");
    for (name, value) in expiry.as_object().into_iter().flatten() {
        config["oauth"][name] = value.clone();
    }
    config
}

fn fresh(expires_in: &Value) -> Value {
    json!({ "json": {
        "access_token": "new-access-token", "refresh_token": "new-refresh-token", "expires_in": expires_in,
    } })
}

fn with_client(stage: &Stage) -> Environment {
    environment(stage, MESSAGES)
        .with("PODIO_CLIENT_ID", "client-of-the-tests")
        .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", stage.sandbox.podio_url()))
}

async fn stage_with(label: &str, config: Value, token: Value) -> Result<Stage> {
    let podio = json!({ "GET /user": [{ "json": {} }], "POST /oauth/token": token });
    stage(label, config, podio, json!({ format!("PUT {ACCOUNT}"): [{ "json": {} }] })).await
}

/// The tokens that `/user` was called with, in order.
fn tokens(stage: &Stage) -> Vec<String> {
    let users = stage.calls(Api::Podio).into_iter().filter(|call| call.path == "/user");
    users.filter_map(|call| Some(call.authorization?.strip_prefix("Bearer ")?.to_owned())).collect()
}

fn refreshes(stage: &Stage) -> usize {
    count(&stage.calls(Api::Podio), "POST", "/oauth/token")
}

fn stored(stage: &Stage) -> Result<Value> {
    let calls = stage.calls(Api::Platform);
    let stored: Vec<&Call> = calls.iter().filter(|call| call.method == "PUT").collect();
    assert_eq!(stored.len(), 1);
    Ok(serde_json::from_str(&stored.first().context("a call to the store")?.body)?)
}

fn epoch(offset_s: i64) -> i64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
    i64::try_from(now).unwrap_or_default() + offset_s
}

#[tokio::test]
async fn a_token_that_soon_expires_or_has_expired_is_refreshed_before_the_first_call() -> Result<()> {
    let date =
        |seconds| DateTime::<Utc>::from_timestamp(seconds, 0).map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    for (expiry, unit) in [
        (json!({ "expires_in": 30 }), None),
        (json!({ "expires_in": "30" }), None),
        (json!({ "expires_at": epoch(30) }), Some(1)),
        (json!({ "expires_at": epoch(30) * 1000, "expires_in": 28800 }), Some(1000)),
        (json!({ "expires_at": date(epoch(30)) }), None),
        (json!({ "expires_at": epoch(-3600) }), Some(1)),
    ] {
        let stage = stage_with("expires-soon", config(&expiry), json!([fresh(&json!(28800))])).await?;
        process(&stage, &with_client(&stage), MESSAGES, BOUND).await?;
        assert_eq!(tokens(&stage), vec!["new-access-token"; MESSAGES], "{expiry}");
        assert_eq!(refreshes(&stage), 1, "{expiry}");
        let oauth = stored(&stage)?["keys"]["oauth"].take();
        assert_eq!((&oauth["refresh_token"], &oauth["expires_in"]), (&json!("new-refresh-token"), &json!(28800)));
        if let Some(unit) = unit {
            let end = oauth["expires_at"].as_i64().context("a number")? / unit;
            assert!((epoch(28000)..=epoch(28800)).contains(&end), "{oauth}");
        }
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_token_that_lives_on_or_says_nothing_is_not_refreshed() -> Result<()> {
    for expiry in [
        json!({}),
        json!({ "expires_in": 28800 }),
        json!({ "expires_in": 0 }),
        json!({ "expires_in": -1 }),
        json!({ "expires_in": "soon" }),
        json!({ "expires_at": epoch(3600), "expires_in": 1 }),
        json!({ "expires_at": (epoch(3600) * 1000).to_string() }),
        json!({ "expires_at": 28800 }),
        json!({ "expires_at": null }),
        json!({ "expires_at": { "seconds": 1 } }),
    ] {
        let stage = stage_with("expires-late", config(&expiry), json!([fresh(&json!(28800))])).await?;
        process(&stage, &with_client(&stage), 2, BOUND).await?;
        assert_eq!((tokens(&stage), refreshes(&stage)), (vec!["old-access-token".to_owned(); 2], 0), "{expiry}");
        stage.remove().await?;
    }
    // Without a client, the token cannot be refreshed.
    let stage =
        stage_with("expires-no-client", config(&json!({ "expires_in": 30 })), json!([fresh(&json!(28800))])).await?;
    process(&stage, &environment(&stage, 1), 2, BOUND).await?;
    assert_eq!(refreshes(&stage), 0);
    stage.remove().await
}

#[tokio::test]
async fn new_tokens_that_expire_at_once_are_not_refreshed_in_a_loop() -> Result<()> {
    for expires_in in [json!(1), json!(0), json!(-5), json!("soon"), json!(null)] {
        let expiry = json!({ "expires_at": epoch(-10) });
        let stage = stage_with("expires-at-once", config(&expiry), json!([fresh(&expires_in)])).await?;
        process(&stage, &with_client(&stage), MESSAGES, BOUND).await?;
        assert_eq!(refreshes(&stage), 1, "{expires_in}");
        let written = &stored(&stage)?["keys"]["oauth"]["expires_at"];
        assert!(written.as_i64().is_none_or(|at| at >= epoch(-5)), "{expires_in}: {written}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn messages_go_on_with_the_old_token_when_the_token_endpoint_fails() -> Result<()> {
    for (answer, calls) in [
        (json!({ "reset": true }), 3),
        (json!({ "status": 503, "json": {} }), 3),
        (json!({ "status": 400, "json": { "error": "invalid_client" } }), 1),
        (json!({ "status": 200, "text": "<html>" }), 1),
        (json!({ "status": 420, "json": { "error_description": "Please wait 300 seconds" } }), 1),
        (json!({ "status": 400, "json": { "error": "invalid_grant" } }), 1),
    ] {
        let stage = stage_with("expires-down", config(&json!({ "expires_in": 30 })), json!([answer])).await?;
        let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
        for done in 1..=3 {
            for _ in 0..5 {
                stage.send(&TestMessage::get("/user")).await?;
            }
            stage.results.wait_for(5 * done, "results", Duration::from_secs(10)).await?;
        }
        stop(&mut worker, BOUND).await?;
        assert_eq!(tokens(&stage), vec!["old-access-token"; 15], "{answer}");
        assert_eq!(refreshes(&stage), calls, "{answer}");
        let log = worker.log().all().join("\n");
        assert!(log.contains("could not be refreshed before it expires"), "{log}");
        assert!(!log.contains("old-refresh-token") && !log.contains("secret-of-the-client"), "{log}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn messages_wait_a_few_seconds_for_a_slow_token_endpoint_and_then_go_on() -> Result<()> {
    let mut slow = fresh(&json!(28800));
    slow["delay"] = json!(8.0);
    let stage = stage_with("expires-slow", config(&json!({ "expires_in": 30 })), json!([slow])).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
    let sent = Instant::now();
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&sent.elapsed()), "{:?}", sent.elapsed());
    let sent = Instant::now();
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(2, "result", BOUND).await?;
    assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
    until("the new tokens in the store", BOUND, async || {
        Ok((count(&stage.calls(Api::Platform), "PUT", ACCOUNT) == 1).then_some(()))
    })
    .await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(3, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(tokens(&stage), ["old-access-token", "old-access-token", "new-access-token"]);
    assert_eq!(refreshes(&stage), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_token_that_another_worker_has_stored_spares_the_refresh() -> Result<()> {
    let stage =
        stage_with("expires-elsewhere", config(&json!({ "expires_in": 30 })), json!([fresh(&json!(28800))])).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
    let newer = json!({ "access_token": "newer-access-token", "refresh_token": "r", "expires_at": epoch(28800) });
    stage.sandbox.set_step(&step_data(json!({ "oauth": newer, "_account": "acc1" })));
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((tokens(&stage), refreshes(&stage)), (vec!["newer-access-token".to_owned()], 0));
    stage.remove().await
}

#[tokio::test]
async fn a_secret_is_refreshed_early_only_if_it_says_when_it_expires() -> Result<()> {
    let secret = |token: &str, expiry: &Value| {
        let mut credentials = expiry.clone();
        credentials["access_token"] = json!(token);
        json!([{ "json": { "data": { "attributes": { "credentials": credentials } } } }])
    };
    for (old, new, early) in [
        (json!({}), json!({}), false),
        (json!({ "expires_in": 28800 }), json!({}), false),
        (json!({ "expires_at": "never" }), json!({}), false),
        (json!({ "expires_at": epoch(30) }), json!({ "expires_at": epoch(28800) }), true),
        (json!({ "expires_in": 30 }), json!({ "expires_in": 28800 }), true),
        (json!({ "expires_at": epoch(-30) }), json!({ "expires_at": epoch(-30) }), true),
    ] {
        let platform = json!({
            format!("GET {SECRET}"): secret("token-of-the-secret", &old),
            format!("POST {SECRET}/refresh"): secret("token-after-refresh", &new),
        });
        let podio = json!({ "GET /user": [{ "json": {} }] });
        let stage = stage("secret-expires", json!({ "secretId": "sec1" }), podio, platform).await?;
        process(&stage, &environment(&stage, MESSAGES), MESSAGES, BOUND).await?;
        let calls = stage.calls(Api::Platform);
        let token = if early { "token-after-refresh" } else { "token-of-the-secret" };
        assert_eq!(tokens(&stage), vec![token; MESSAGES], "{old}");
        assert_eq!(count(&calls, "POST", &format!("{SECRET}/refresh")), usize::from(early), "{old}");
        assert_eq!(count(&calls, "GET", SECRET), 1 + usize::from(early), "{old}");
        stage.remove().await?;
    }
    Ok(())
}
