//! The step's fields that change how an answer of Podio is treated: `dontThrowErrorFlg` and `safeRetries`.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Proxy, Stage, TestMessage};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

fn config(field: &str) -> Value {
    let mut config = oauth_config();
    config[field] = json!(true);
    config["retries"] = json!(2);
    config
}

fn request(method: &str) -> TestMessage {
    TestMessage::new(&json!({ "body": { "method": method, "url": "/item", "data": { "a": 1 } } }))
}

/// Processes one message; returns its outcome and the number of calls to Podio.
async fn run(stage: &Stage, input: &TestMessage) -> Result<(Emitted, usize)> {
    let mut worker = consuming_worker(stage, &environment(stage, 1)).await?;
    stage.send(input).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    Ok((stage.emitted()?.pop().context("an outcome")?, stage.calls(Api::Podio).len()))
}

#[tokio::test]
async fn with_dont_throw_an_answer_of_any_status_is_a_result() -> Result<()> {
    for (status, attempts) in [(400, 1), (404, 1), (401, 1), (420, 3), (429, 3), (500, 3)] {
        let answer = json!({ "status": status, "json": { "error": "so" }, "headers": { "x-why": "because" } });
        let podio = json!({ "GET /item": [answer] });
        let stage = stage("no-throw", config("dontThrowErrorFlg"), podio, json!({})).await?;
        let (emitted, calls) = run(&stage, &request("GET")).await?;
        assert_eq!(emitted.routing_key, "data", "{status}: {}", emitted.payload);
        let body = &emitted.payload["body"];
        assert_eq!((&body["statusCode"], &body["responseBody"]), (&json!(status), &json!({ "error": "so" })));
        assert_eq!(body["headers"]["x-why"], "because");
        assert_eq!((calls, stage.rejected.count()), (attempts, 0), "{status}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn with_dont_throw_a_missing_answer_is_still_an_error() -> Result<()> {
    let podio = json!({ "GET /item": [{ "reset": true }] });
    let stage = stage("no-throw-reset", config("dontThrowErrorFlg"), podio, json!({})).await?;
    let (emitted, calls) = run(&stage, &request("GET")).await?;
    assert_eq!(emitted.routing_key, "error", "{}", emitted.payload);
    stage.rejected.wait_for(1, "dead letter", BOUND).await?;
    assert_eq!((calls, stage.rejected.count()), (3, 1));
    stage.remove().await
}

#[tokio::test]
async fn a_long_wait_rebounds_the_message_even_if_errors_are_results() -> Result<()> {
    let podio = json!({ "GET /item": [{ "status": 420, "json": {}, "headers": { "retry-after": "300" } }] });
    let stage = stage("no-throw-wait", config("dontThrowErrorFlg"), podio, json!({})).await?;
    let (emitted, _) = run(&stage, &request("GET")).await?;
    assert_eq!(emitted.routing_key, "rebound");
    stage.remove().await
}

#[tokio::test]
async fn with_safe_retries_a_post_that_may_have_been_executed_is_not_repeated() -> Result<()> {
    for answer in [
        json!({ "status": 500, "json": {} }),
        json!({ "status": 504, "json": {} }),
        json!({ "reset": true }),
        json!({ "reset": "midbody" }),
    ] {
        let stage = stage("safe-post", config("safeRetries"), json!({ "POST /item": [answer] }), json!({})).await?;
        let (emitted, calls) = run(&stage, &request("POST")).await?;
        assert!(emitted.error_message()?.contains("outcome is unknown"), "{answer}: {}", emitted.error_message()?);
        stage.rejected.wait_for(1, "dead letter", BOUND).await?;
        assert_eq!((calls, stage.rejected.count()), (1, 1), "{answer}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn with_safe_retries_other_methods_and_rate_limits_are_still_retried() -> Result<()> {
    for (method, status) in [("GET", 500), ("PUT", 500), ("DELETE", 500), ("POST", 420), ("POST", 429)] {
        let answers = json!([{ "status": status, "json": {} }, { "json": { "done": true } }]);
        let podio = json!({ format!("{method} /item"): answers });
        let stage = stage("safe-others", config("safeRetries"), podio, json!({})).await?;
        let (emitted, calls) = run(&stage, &request(method)).await?;
        assert_eq!((emitted.routing_key.as_str(), calls), ("data", 2), "{method} {status}: {}", emitted.payload);
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_post_is_repeated_by_default() -> Result<()> {
    let podio = json!({ "POST /item": [{ "status": 500, "json": {} }, { "reset": true }, { "json": {} }] });
    let stage = stage("post-again", oauth_config(), podio, json!({})).await?;
    let (emitted, calls) = run(&stage, &request("POST")).await?;
    assert_eq!((emitted.routing_key.as_str(), calls), ("data", 3));
    stage.remove().await
}

#[tokio::test]
async fn with_safe_retries_a_post_that_never_reached_podio_is_repeated() -> Result<()> {
    let podio = json!({ "POST /item": [{ "json": { "item_id": 1 } }] });
    let mut config = config("safeRetries");
    config["retries"] = json!(1000);
    let stage = stage("safe-refused", config, podio, json!({})).await?;
    // The port is reserved, but nothing listens yet.
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let environment = environment(&stage, 1).with("PODIO_API_URL", &format!("http://{}", socket.local_addr()?));
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&request("POST")).await?;
    let refused = |log: &[String]| log.iter().filter(|line| line.contains("no connection to Podio")).count() >= 3;
    worker.log().wait_until("the third refusal", BOUND, refused).await?;
    assert_eq!(stage.results.count(), 0);
    let _podio = Proxy::on(socket.listen(16)?, stage.sandbox.podio_addr().to_string())?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.emitted()?[0].payload["body"]["responseBody"], json!({ "item_id": 1 }));
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    stage.remove().await
}

#[tokio::test]
async fn with_safe_retries_a_post_redirected_to_a_closed_port_is_not_repeated() -> Result<()> {
    // The port is reserved, but nothing listens.
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let nowhere = format!("http://{}/item", socket.local_addr()?);
    // A POST that is redirected with 302 may have been executed; with 307 it was not.
    for (status, text) in [(302, "outcome is unknown"), (307, "nothing was sent there")] {
        let podio = json!({ "POST /item": [{ "status": status, "headers": { "location": nowhere } }] });
        let stage = stage("safe-redirect", config("safeRetries"), podio, json!({})).await?;
        let (emitted, calls) = run(&stage, &request("POST")).await?;
        assert!(emitted.error_message()?.contains(text), "{}", emitted.error_message()?);
        stage.rejected.wait_for(1, "dead letter", BOUND).await?;
        assert_eq!((calls, stage.rejected.count()), (1, 1), "{status}");
        stage.remove().await?;
    }
    Ok(())
}
