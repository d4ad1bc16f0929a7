//! Retries of calls to Podio: how many, and when.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Call};
use podio_test_support::{Emitted, Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{
    BOUND, consuming_worker, environment, oauth_config, stage, stop, wait_for_empty_queue, wait_for_podio_calls,
};

/// The usual config, with these fields added or replaced.
fn config(fields: &Value) -> Value {
    let mut config = oauth_config();
    for (name, value) in fields.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    config
}

async fn always(status: u16, config: Value) -> Result<Stage> {
    stage("retries", config, json!({ "GET /user": [{ "status": status, "json": {} }] }), json!({})).await
}

/// Processes one GET; returns its outcome and the calls to Podio.
async fn run(stage: &Stage, environment: &Environment) -> Result<(Emitted, Vec<Call>)> {
    let mut worker = consuming_worker(stage, environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    Ok((stage.emitted()?.pop().context("an outcome")?, stage.calls(Api::Podio)))
}

#[tokio::test]
async fn n_retries_mean_n_further_attempts() -> Result<()> {
    for (retries, attempts) in [(json!(0), 1), (json!("0"), 1), (json!("2"), 3), (json!(1), 2)] {
        for status in [420, 429, 500, 502, 503, 504] {
            let stage = always(status, config(&json!({ "retries": retries, "retriesDelay": 1 }))).await?;
            let (emitted, calls) = run(&stage, &environment(&stage, 1)).await?;
            assert_eq!(calls.len(), attempts, "{status} with retries {retries}");
            assert!(emitted.error_message()?.contains(&status.to_string()), "{}", emitted.error_message()?);
            stage.remove().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn other_statuses_are_not_retried() -> Result<()> {
    for status in [400, 403, 404, 409, 410, 422, 501, 505] {
        let stage = always(status, config(&json!({ "retries": 3 }))).await?;
        let (emitted, calls) = run(&stage, &environment(&stage, 1)).await?;
        assert_eq!(calls.len(), 1, "{status}");
        assert!(emitted.error_message()?.contains(&format!("status - \"{status}\"")), "{}", emitted.error_message()?);
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_step_s_retry_fields_take_precedence_over_the_secret_s() -> Result<()> {
    let secret = |fields: Value| {
        let credentials = json!({ "access_token": "token-of-the-secret", "fields": fields });
        json!({ "GET /v2/workspaces/ws1/secrets/sec1": [{ "json": { "data": { "attributes": { "credentials": credentials } } } }] })
    };
    let fields = json!({ "retries": "1", "retriesDelay": "700" });
    let cases = [
        (json!({ "secretId": "sec1" }), fields.clone(), 2, 700),
        (json!({ "secretId": "sec1", "retries": 2, "retriesDelay": 1 }), fields, 3, 0),
    ];
    for (config, fields, attempts, delay) in cases {
        let podio = json!({ "GET /user": [{ "status": 429, "json": {} }] });
        let stage = stage("secret-fields", config, podio, secret(fields)).await?;
        let (_, calls) = run(&stage, &environment(&stage, 1)).await?;
        assert_eq!(calls.len(), attempts, "{calls:?}");
        assert!(calls[1].at >= calls[0].at + delay, "{calls:?}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn api_retries_count_overrides_retries_for_failures_of_podio() -> Result<()> {
    for (count, status, attempts) in
        [("1", 500, 2), ("0", 500, 1), ("9", 500, 4), ("many", 500, 4), ("0", 429, 3), ("5", 503, 6)]
    {
        let stage = always(status, config(&json!({ "retries": 2, "retriesDelay": 1 }))).await?;
        let (_, calls) = run(&stage, &environment(&stage, 1).with("API_RETRIES_COUNT", count)).await?;
        assert_eq!(calls.len(), attempts, "{status} with API_RETRIES_COUNT={count}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_first_retry_is_quick_and_the_others_follow_after_the_delay() -> Result<()> {
    let podio = json!({
        "GET /user": [{ "status": 503, "json": {} }, { "reset": true }, { "reset": "midbody" }, { "json": {} }],
    });
    let stage = stage("retry-times", config(&json!({ "retriesDelay": 1500 })), podio, json!({})).await?;
    let (emitted, calls) = run(&stage, &environment(&stage, 1)).await?;
    assert_eq!(emitted.routing_key, "data", "{}", emitted.payload);
    let waits: Vec<u64> = calls.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert!((100..1500).contains(&waits[0]), "{waits:?}");
    assert!(waits[1] >= 1500 && waits[2] >= 1500, "{waits:?}");
    stage.remove().await
}

#[tokio::test]
async fn a_call_takes_no_longer_than_its_time_out() -> Result<()> {
    let podio = json!({ "GET /user": [{ "delay": 10.0 }, { "json": { "user_id": 1 } }] });
    let stage = stage("time-out", oauth_config(), podio, json!({})).await?;
    let (emitted, calls) = run(&stage, &environment(&stage, 1).with("API_REQUEST_TIMEOUT", "600")).await?;
    assert_eq!(emitted.routing_key, "data", "{}", emitted.payload);
    assert_eq!(calls.len(), 2);
    assert!((600..9000).contains(&(calls[1].at - calls[0].at)), "{calls:?}");
    stage.remove().await
}

#[tokio::test]
async fn five_redirects_are_followed_and_a_sixth_is_an_error() -> Result<()> {
    let to = |path: &str| json!([{ "status": 302, "headers": { "location": path } }]);
    let podio = json!({
        "GET /user": to("/1"), "GET /1": to("/2"), "GET /2": to("/3"), "GET /3": to("/4"), "GET /4": to("/5"),
        "GET /5": [{ "json": { "found": true } }],
    });
    let stage = stage("redirects", oauth_config(), podio, json!({})).await?;
    let (emitted, calls) = run(&stage, &environment(&stage, 1)).await?;
    assert_eq!(emitted.payload["body"]["responseBody"], json!({ "found": true }), "{}", emitted.payload);
    assert!(calls.iter().all(|call| call.authorization.is_some()), "redirects within the API's origin keep the token");
    stage.remove().await?;

    let stage =
        crate::step::stage("redirect-loop", oauth_config(), json!({ "GET /user": to("/user") }), json!({})).await?;
    let (emitted, calls) = run(&stage, &environment(&stage, 1)).await?;
    assert!(emitted.error_message()?.contains("redirect"), "{}", emitted.error_message()?);
    assert_eq!(calls.len(), 6, "it is not retried");
    stage.remove().await
}

#[tokio::test]
async fn a_copy_of_a_message_that_fails_is_settled_with_it() -> Result<()> {
    let podio = json!({ "GET /user": [{ "status": 404, "json": {}, "delay": 1.0 }] });
    let stage = stage("failing-copy", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 2)).await?;
    let input = TestMessage::get("/user");
    stage.send(&input).await?;
    wait_for_podio_calls(&stage, 1).await?;
    stage.send(&input).await?;
    wait_for_empty_queue(&stage).await?;
    stage.rejected.wait_for(2, "dead letters", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((stage.results.count(), stage.left().await?, stage.calls(Api::Podio).len()), (1, 0, 1));
    stage.remove().await
}
