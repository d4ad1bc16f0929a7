//! How long a message is held: its calls are bounded, and the operator is told when the broker waits for less.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Environment, PrivateBroker, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, answers, consuming_worker, environment, oauth_config, stage, step_data, stop};

const SETTING: &str = "PODIO_MAX_MESSAGE_TIME";

async fn setup(label: &str, podio: Value, time: &str) -> Result<(Stage, Environment)> {
    let mut config = oauth_config();
    config["retries"] = json!(1000);
    config["retriesDelay"] = json!("86400000");
    let stage = stage(label, config, podio, json!({})).await?;
    let environment = environment(&stage, 1).with(SETTING, time).with("API_REQUEST_TIMEOUT", "500");
    Ok((stage, environment))
}

/// The outcome of one message with this body, the last thing that it emits, which must come in time.
async fn outcome(stage: &Stage, environment: &Environment, body: &Value, emits: usize) -> Result<Emitted> {
    let mut worker = consuming_worker(stage, environment).await?;
    let sent = Instant::now();
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(emits, "the outcome", BOUND).await?;
    assert!(sent.elapsed() < Duration::from_secs(8), "{:?}", sent.elapsed());
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    stage.emitted()?.pop().context("an outcome")
}

#[tokio::test]
async fn retries_that_would_hold_a_message_for_too_long_are_not_made_and_its_error_says_so() -> Result<()> {
    let body = json!({ "method": "GET", "url": "/user" });
    for (answer, start) in [
        (json!({ "status": 503, "json": {} }), "Got error \"Service Unavailable\", status - \"503\""),
        (json!({ "reset": true }), "GET /user: no answer from Podio after 2 attempts"),
        (json!({ "json": {}, "delay": 60.0 }), "GET /user: no answer from Podio after 2 attempts"),
    ] {
        let (stage, environment) = setup("hold-retries", json!({ "GET /user": [answer] }), "4000").await?;
        let emitted = outcome(&stage, &environment, &body, 1).await?;
        let message = emitted.error_message()?;
        assert!(message.starts_with(start) && message.contains("Not all \"retries\" were made"), "{message}");
        assert!(
            message.contains(&format!("4 s, the longest time for the calls of one message ({SETTING})")),
            "{message}"
        );
        assert_eq!((stage.calls(Api::Podio).len(), stage.rejected.count()), (2, 1), "the first retry is immediate");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn waits_for_a_rate_limit_that_add_up_to_too_long_end_in_a_rebound() -> Result<()> {
    let limited = json!({ "status": 420, "json": { "error_description": "Please wait 1 seconds" } });
    let (stage, environment) = setup("hold-limits", json!({ "GET /user": [limited] }), "4000").await?;
    let mut config = oauth_config();
    config["retries"] = json!(1000);
    stage.sandbox.set_step(&step_data(config));
    let emitted = outcome(&stage, &environment, &json!({ "method": "GET", "url": "/user" }), 1).await?;
    assert_eq!(emitted.routing_key, "rebound");
    let calls = stage.calls(Api::Podio).len();
    assert!((2..=4).contains(&calls), "{calls}");
    stage.remove().await
}

#[tokio::test]
async fn a_transfer_and_a_walk_through_pages_end_with_the_time_of_their_message() -> Result<()> {
    let raw = json!({ "size": 10, "delay": 60.0 });
    let podio = json!({ "GET /file/7": [{ "json": { "file_id": 7, "name": "f" } }], "GET /file/7/raw": [raw] });
    let (stage, environment) = setup("hold-transfer", podio, "2000").await?;
    let environment = environment.with("ELASTICIO_FUNCTION", "downloadFile");
    let emitted = outcome(&stage, &environment, &json!({ "fileId": 7 }), 1).await?;
    let message = emitted.error_message()?;
    assert!(message.contains("no answer in time") && message.contains(SETTING), "{message}");
    stage.remove().await?;

    let pages: Vec<Value> = (0..100).map(|page| json!({ "json": [page], "delay": 0.3 })).collect();
    let (stage, environment) = setup("hold-pages", json!({ "GET /tasks": pages }), "2000").await?;
    let body = json!({ "method": "GET", "url": "/tasks", "pagination": { "limit": 1 } });
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.rejected.wait_for(1, "the end of the walk", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    let pages = emitted.len() - 1;
    let message = emitted[pages].error_message()?;
    let start = format!("Page {} (\"offset\" {pages}; pages already emitted: {pages}): ", pages + 1);
    assert!((3..=6).contains(&pages) && message.starts_with(&start) && message.contains(SETTING), "{message}");
    stage.remove().await
}

#[tokio::test]
async fn a_bound_beyond_the_broker_s_default_is_a_warning_at_start() -> Result<()> {
    for (time, warned) in [("1500000", false), ("1799999", false), ("1800000", true), ("99999999999999", true)] {
        let (stage, environment) = setup("hold-warning", json!({ "GET /user": [{ "json": {} }] }), time).await?;
        let mut worker = consuming_worker(&stage, &environment).await?;
        stage.send(&TestMessage::get("/user")).await?;
        stage.results.wait_for(1, "result", BOUND).await?;
        stop(&mut worker, BOUND).await?;
        let log = worker.log().all();
        let line = log.iter().find(|line| line.contains("messages may be held for longer than the 30 minutes"));
        assert_eq!(line.is_some(), warned, "{time}");
        assert!(line.is_none_or(|line| line.contains(SETTING) && line.contains("consumer_timeout")), "{line:?}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_the_broker_takes_back_is_processed_once_and_the_settings_are_named() -> Result<()> {
    let broker = PrivateBroker::start("ack-timeout").await?;
    let stage = Stage::set_on(broker.url().to_owned(), "ack-timeout", &[]).await?;
    // They count for channels that are opened from now on: not for the test's own.
    for (name, value) in [("consumer_timeout", 1000), ("channel_tick_interval", 1000)] {
        broker.ctl(&["eval", &format!("application:set_env(rabbit, {name}, {value}).")]).await?;
    }
    stage.sandbox.set_step(&step_data(oauth_config()));
    stage.sandbox.set_answers(answers(json!({ "GET /user": [{ "json": {}, "delay": 6.0 }] }), json!({}))?)?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let log = worker.log().all();
    let line = log.iter().find(|line| line.contains("longer than the broker waits for its acknowledgement"));
    let line = line.with_context(|| log.join("\n"))?;
    assert!(line.contains(SETTING) && line.contains("consumer_timeout"), "{line}");
    assert_eq!((stage.calls(Api::Podio).len(), stage.emitted()?.len(), stage.left().await?), (1, 1, 0));
    stage.remove().await
}
