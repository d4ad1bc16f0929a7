//! One credential, several workers or messages: who refreshes it, who waits, and what a refusal costs.

use std::time::Duration;

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Environment, Stage, TestMessage, Worker, until};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, count, environment, oauth_config, stage, step_data, stop};

const ACCOUNT: &str = "/v1/accounts/acc1";
const SECRET: &str = "/v2/workspaces/ws1/secrets/sec1";

fn expired() -> Value {
    json!({ "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" } })
}

fn refused() -> Value {
    json!({ "status": 400, "json": { "error": "invalid_grant", "error_description": "spent" } })
}

fn fresh() -> Value {
    json!({ "access_token": "new-access-token", "refresh_token": "new-refresh-token" })
}

fn config_with_account() -> Value {
    let mut config = oauth_config();
    config["_account"] = json!("acc1");
    config
}

fn with_client(stage: &Stage) -> Environment {
    environment(stage, 1)
        .with("PODIO_CLIENT_ID", "client-of-the-tests")
        .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", stage.sandbox.podio_url()))
}

#[tokio::test]
async fn the_worker_that_loses_the_race_for_the_refresh_token_waits_for_the_winner_s_tokens() -> Result<()> {
    for store in [
        json!([{ "json": {}, "delay": 0.1 }]),
        json!([{ "json": {}, "delay": 2.0 }]),
        json!([{ "status": 503, "json": {}, "delay": 0.3 }, { "json": {} }]),
    ] {
        // The slow 401s are under way together, so both workers refresh.
        let mut rejected = expired();
        rejected["delay"] = json!(0.5);
        rejected["times"] = json!(2);
        let podio = json!({
            "GET /user": [rejected, { "json": {} }],
            "POST /oauth/token": [{ "json": fresh() }, refused()],
        });
        let stage =
            stage("token-race", config_with_account(), podio, json!({ format!("PUT {ACCOUNT}"): store })).await?;
        let mut workers = [
            consuming_worker(&stage, &with_client(&stage)).await?,
            consuming_worker(&stage, &with_client(&stage)).await?,
        ];
        until("both consumers", BOUND, async || {
            let consumes =
                |worker: &Worker| worker.log().all().iter().any(|line| line.contains("waiting for messages"));
            Ok(workers.iter().all(consumes).then_some(()))
        })
        .await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        for _ in 0..2 {
            stage.send(&TestMessage::get("/user")).await?;
        }
        until("the winner's tokens in the store", BOUND, async || {
            let calls = stage.calls(Api::Platform);
            Ok(calls.iter().any(|call| call.method == "PUT" && call.status == 200).then_some(()))
        })
        .await?;
        let mut newer = config_with_account();
        newer["oauth"] = fresh();
        stage.sandbox.set_step(&step_data(newer));
        stage.results.wait_for(2, "results", BOUND).await?;
        for worker in &mut workers {
            stop(worker, BOUND).await?;
        }
        assert!(
            stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"),
            "{store}: {:?}",
            stage.emitted()?
        );
        assert_eq!(count(&stage.calls(Api::Podio), "POST", "/oauth/token"), 2, "{store}: both tried");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_refusal_holds_for_all_messages() -> Result<()> {
    const MESSAGES: usize = 20;
    let secret = json!({ "data": { "attributes": { "credentials": { "access_token": "token-of-the-secret" } } } });
    let platform = json!({
        format!("GET {SECRET}"): [{ "json": secret }],
        format!("POST {SECRET}/refresh"): [{ "status": 422, "json": {} }],
    });
    let client = json!({ "status": 401, "json": { "error": "invalid_client" } });
    let of_secret = json!({ "secretId": "sec1" });
    let (token, refresh) = ("/oauth/token", format!("{SECRET}/refresh"));
    for (config, answer, api, path) in [
        (config_with_account(), refused(), Api::Podio, token),
        (config_with_account(), client, Api::Podio, token),
        (of_secret, refused(), Api::Platform, refresh.as_str()),
    ] {
        let podio = json!({ "GET /user": [expired()], "POST /oauth/token": [answer] });
        let stage = stage("refused-once", config, podio, platform.clone()).await?;
        let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
        for _ in 0..MESSAGES {
            stage.send(&TestMessage::get("/user")).await?;
        }
        stage.results.wait_for(MESSAGES, "errors", BOUND).await?;
        stop(&mut worker, BOUND).await?;

        let emitted = stage.emitted()?;
        let first = emitted[0].error_message()?;
        assert!(first.contains("Authorize the credential again"), "{first}");
        for emitted in &emitted {
            assert_eq!(emitted.error_message()?, first);
        }
        assert_eq!(count(&stage.calls(api), "POST", path), 1, "{first}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_rate_limit_that_an_early_refresh_met_holds_for_a_rejected_token() -> Result<()> {
    let limited = json!({ "status": 420, "json": { "error_description": "Please wait 300 seconds" } });
    let podio = json!({ "GET /user": [{ "json": {} }, expired()], "POST /oauth/token": [limited] });
    let mut config = oauth_config();
    config["oauth"]["expires_in"] = json!(30);
    let stage = stage("limited-early", config, podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
    for (done, routing_key) in [(1, "data"), (2, "rebound"), (3, "rebound")] {
        stage.send(&TestMessage::get("/user")).await?;
        stage.results.wait_for(done, "result", BOUND).await?;
        assert_eq!(stage.emitted()?[done - 1].routing_key, routing_key);
    }
    stop(&mut worker, BOUND).await?;
    let calls = stage.calls(Api::Podio);
    assert_eq!((count(&calls, "POST", "/oauth/token"), count(&calls, "GET", "/user")), (1, 2));
    stage.remove().await
}

#[tokio::test]
async fn a_new_token_is_stored_after_the_stop_and_counts_before() -> Result<()> {
    // The drain of the messages is half a second and 5 s; the store takes longer.
    let podio = json!({ "GET /user": [expired(), { "json": {} }], "POST /oauth/token": [{ "json": fresh() }] });
    let platform = json!({ format!("PUT {ACCOUNT}"): [{ "json": {}, "delay": 9.0 }] });
    let stage = stage("slow-store", config_with_account(), podio, platform).await?;
    let environment = with_client(&stage).with("API_REQUEST_TIMEOUT", "500");
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", Duration::from_secs(5)).await?;
    assert_eq!(stage.emitted()?[0].routing_key, "data", "the token counts before it is stored");
    stop(&mut worker, BOUND).await?;
    let calls = stage.calls(Api::Platform);
    let stored = calls.iter().find(|call| call.method == "PUT").context("a call to the store")?;
    assert!(stored.status == 200 && stored.body.contains("new-refresh-token"), "{stored:?}");
    stage.remove().await
}

#[tokio::test]
async fn what_a_server_repeats_of_a_secret_is_in_no_text() -> Result<()> {
    let echoes = |secret: &str| {
        let rejected = json!({ "status": 401, "json": { "error": secret, "error_description": secret } });
        (json!([{ "status": 400, "json": { "error": secret } }]), rejected)
    };
    for (secret, word) in [
        ("old-refresh-token", "an unknown error code"),
        ("old-access-token", "an unknown error code"),
        ("secret-of-the-client", "an unknown error code"),
    ] {
        let (token, user) = echoes(secret);
        let answer = json!({ "status": 400, "json": { "error": secret, "error_description": secret } });
        let podio = json!({ "GET /user": [user], "GET /org/": [answer], "POST /oauth/token": token });
        let stage = stage("echoed-secret", oauth_config(), podio, json!({})).await?;
        let mut worker = consuming_worker(&stage, &with_client(&stage)).await?;
        for path in ["/user", "/org/"] {
            stage.send(&TestMessage::get(path).with_header("reply_to", json!("replies"))).await?;
        }
        stage.results.wait_for(2, "errors", BOUND).await?;
        stop(&mut worker, BOUND).await?;
        let emitted = stage.emitted()?;
        assert!(emitted.iter().any(|emitted| emitted.error_message().is_ok_and(|text| text.contains(word))));
        let log = worker.log().all().join("\n");
        for emitted in &emitted {
            let text = format!("{} {:?}", emitted.payload, emitted.headers);
            assert!(!text.contains(secret), "{text}");
        }
        assert!(!log.contains(secret), "{log}");
        stage.remove().await?;
    }
    Ok(())
}
