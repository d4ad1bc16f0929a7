//! The waits that answers ask for, in `Retry-After` or in their text.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use podio_sandbox::{Api, Call};
use podio_test_support::{Emitted, Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// The most that a wait is lengthened at random, and what the machine adds.
const MORE_MS: u64 = 1500;

async fn run(stage: &Stage, environment: &Environment) -> Result<(Emitted, Vec<Call>)> {
    let mut worker = consuming_worker(stage, environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    Ok((stage.emitted()?.pop().context("an outcome")?, stage.calls(Api::Podio)))
}

fn limit(text: &str) -> Value {
    json!({ "error": "rate_limit", "error_description": text })
}

#[tokio::test]
async fn the_wait_that_an_answer_asks_for_is_kept() -> Result<()> {
    let header =
        |status: u16, value: Value| json!({ "status": status, "json": {}, "headers": { "retry-after": value } });
    for (answer, wait) in [
        (header(503, json!("1")), 1000),
        (header(500, json!("1.2")), 2000),
        (header(502, json!("2, 2")), 2000),
        (header(504, json!(["1", "2"])), 2000),
        (header(429, json!("1.2")), 2000),
        (header(503, json!("Sun, 06 Nov 1994 08:49:37 GMT")), 0),
        (json!({ "status": 420, "json": limit("Ha alcanzado el límite de 250 llamadas. Espere 2 segundos") }), 2000),
        (json!({ "status": 420, "json": limit("请等待2秒后再试") }), 2000),
        (json!({ "status": 429, "text": "Bitte 2,5 Sekunden warten" }), 3000),
    ] {
        let podio = json!({ "GET /user": [answer, { "json": { "user_id": 1 } }] });
        let stage = stage("asked-wait", oauth_config(), podio, json!({})).await?;
        let (emitted, calls) = run(&stage, &environment(&stage, 1)).await?;
        assert_eq!((emitted.routing_key.as_str(), calls.len()), ("data", 2), "{answer}: {}", emitted.text);
        let waited = calls[1].at - calls[0].at;
        assert!((wait..wait + wait / 10 + MORE_MS).contains(&waited), "{answer}: {waited} ms");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_next_attempt_comes_after_the_date_that_an_answer_names() -> Result<()> {
    let date = SystemTime::now() + Duration::from_secs(4);
    let answer = json!({ "status": 503, "headers": { "retry-after": httpdate::fmt_http_date(date) } });
    let podio = json!({ "GET /user": [answer, { "json": { "user_id": 1 } }] });
    let stage = stage("asked-date", oauth_config(), podio, json!({})).await?;
    let (emitted, calls) = run(&stage, &environment(&stage, 1)).await?;
    assert_eq!((emitted.routing_key.as_str(), calls.len()), ("data", 2), "{}", emitted.text);
    // A date has whole seconds.
    let date = u64::try_from(date.duration_since(SystemTime::UNIX_EPOCH)?.as_millis())? / 1000 * 1000;
    assert!((date..date + 500 + MORE_MS).contains(&calls[1].at), "{date}: {calls:?}");
    stage.remove().await
}

#[tokio::test]
async fn a_long_wait_of_a_failing_server_rebounds_the_message() -> Result<()> {
    for (wait, least, most) in [("61", 61_000, 70_000), ("99999999999999999999", 86_400_000, 96_000_000)] {
        for status in [503, 420] {
            let answer = json!({ "status": status, "json": {}, "headers": { "retry-after": wait } });
            let stage = stage("asked-long", oauth_config(), json!({ "GET /user": [answer] }), json!({})).await?;
            let (emitted, calls) = run(&stage, &environment(&stage, 1)).await?;
            assert_eq!((emitted.routing_key.as_str(), calls.len()), ("rebound", 1), "{status} {wait}");
            let expiration: u64 = emitted.properties["expiration"].as_str().context("an expiration")?.parse()?;
            assert!((least..most).contains(&expiration), "{status} {wait}: {expiration}");
            stage.remove().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn with_safe_retries_a_wait_does_not_repeat_a_post() -> Result<()> {
    let answer = json!({ "status": 503, "json": {}, "headers": { "retry-after": "1" } });
    let mut config = oauth_config();
    config["safeRetries"] = json!(true);
    let stage = stage("asked-post", config, json!({ "POST /item": [answer] }), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::new(&json!({ "body": { "method": "POST", "url": "/item", "data": {} } }))).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?.pop().context("an outcome")?;
    assert!(emitted.error_message()?.contains("the outcome is unknown"), "{}", emitted.text);
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn the_token_endpoint_s_wait_is_kept() -> Result<()> {
    let header =
        |status: u16, value: &str| json!({ "status": status, "json": {}, "headers": { "retry-after": value } });
    for (answer, wait) in [
        (header(503, "1.2"), 2000),
        (header(429, "1, 2"), 2000),
        (json!({ "status": 420, "json": limit("Espere 2 segundos") }), 2000),
    ] {
        let expired =
            json!({ "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" } });
        let podio = json!({
            "GET /user": [expired, { "json": {} }],
            "POST /oauth/token": [answer, { "json": { "access_token": "new-access-token" } }],
        });
        let stage = stage("asked-token", oauth_config(), podio, json!({})).await?;
        let environment = environment(&stage, 1)
            .with("PODIO_CLIENT_ID", "client-of-the-tests")
            .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
            .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", stage.sandbox.podio_url()));
        let (emitted, calls) = run(&stage, &environment).await?;
        assert_eq!(emitted.routing_key, "data", "{answer}: {}", emitted.text);
        let exchanges: Vec<u64> = calls.iter().filter(|call| call.path == "/oauth/token").map(|call| call.at).collect();
        assert_eq!(exchanges.len(), 2);
        assert!((wait..wait + wait / 10 + MORE_MS).contains(&(exchanges[1] - exchanges[0])), "{answer}: {exchanges:?}");
        stage.remove().await?;
    }
    Ok(())
}
