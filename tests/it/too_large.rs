//! Messages larger than the broker takes (`max_message_size`): an error that says so, and nothing else is disturbed.

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::{Emitted, PrivateBroker, Stage, TestMessage, Worker};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, answers, consuming_worker, environment, oauth_config, step_data, stop};

const LIMIT: usize = 1_048_576;
const TOO_LARGE: u64 = 1_500_000;
/// Small messages behind the large one.
const BEHIND: usize = 4;

/// A step on a broker of its own that takes at most [`LIMIT`] bytes once these messages are in its queue.
async fn limited(label: &str, config: Value, sent: &[TestMessage]) -> Result<(PrivateBroker, Stage)> {
    let broker = PrivateBroker::start(label).await?;
    let stage = Stage::set_on(broker.url().to_owned(), label, &[]).await?;
    for message in sent {
        stage.send(message).await?;
    }
    // RabbitMQ 3 looks at the setting when a channel is opened. RabbitMQ 4 reads it at its start, as a persistent term, and
    // looks at that at every publish.
    let eval = format!(
        "application:set_env(rabbit, max_message_size, {LIMIT}), persistent_term:put(max_message_size, {LIMIT})."
    );
    broker.ctl(&["eval", &eval]).await?;
    stage.sandbox.set_step(&step_data(config));
    let podio = json!({
        "GET /large": [{ "size": TOO_LARGE }],
        "GET /user": [{ "json": { "user_id": 1 }, "delay": 0.05 }],
        "GET /limited": [{ "status": 420, "json": { "error_description": "Please wait 300 seconds" } }],
    });
    stage.sandbox.set_answers(answers(podio, json!({}))?)?;
    Ok((broker, stage))
}

fn keys(emitted: &[Emitted], key: &str) -> usize {
    emitted.iter().filter(|emitted| emitted.routing_key == key).count()
}

async fn undisturbed(stage: &Stage, worker: &mut Worker) -> Result<()> {
    assert_eq!(stage.proxy.connections(), 2, "{}", worker.log().all().join("\n"));
    stop(worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_result_that_the_broker_does_not_take_is_one_error_that_names_size_and_limit() -> Result<()> {
    let (_broker, stage) = limited("too-large", oauth_config(), &[]).await?;
    let environment = environment(&stage, 5);
    let mut worker = consuming_worker(&stage, &environment).await?;
    // Twice: the second one is known to be too large before it is published.
    for _ in 0..2 {
        stage.send(&TestMessage::get("/large")).await?;
        for _ in 0..BEHIND {
            stage.send(&TestMessage::get("/user")).await?;
        }
    }
    stage.results.wait_for(2 * (1 + BEHIND), "outcomes", BOUND).await?;
    undisturbed(&stage, &mut worker).await?;
    let emitted = stage.emitted()?;
    assert_eq!((keys(&emitted, "data"), keys(&emitted, "error")), (2 * BEHIND, 2));
    for error in emitted.iter().filter(|emitted| emitted.routing_key == "error") {
        let text = error.error_message()?;
        assert!(
            text.contains("2000") && text.contains(&LIMIT.to_string()) && text.contains("max_message_size"),
            "{text}"
        );
        assert!(error.payload.get("errorInput").is_some(), "{}", error.payload);
    }
    assert_eq!((stage.rejected.count(), stage.calls(Api::Podio).len()), (2, 2 * (1 + BEHIND)));
    stage.remove().await
}

#[tokio::test]
async fn an_error_whose_input_is_too_large_goes_without_it() -> Result<()> {
    let large =
        TestMessage::new(&json!({ "body": { "method": "PATCH", "url": "/user", "data": "x".repeat(1_600_000) } }));
    let (_broker, stage) = limited("error-too-large", oauth_config(), &[large, TestMessage::get("/user")]).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.results.wait_for(2, "outcomes", BOUND).await?;
    undisturbed(&stage, &mut worker).await?;
    let emitted = stage.emitted()?;
    assert_eq!((emitted[0].routing_key.as_str(), emitted[1].routing_key.as_str()), ("error", "data"));
    let text = emitted[0].error_message()?;
    assert!(text.contains("PATCH") && text.contains("left out") && text.contains(&LIMIT.to_string()), "{text}");
    assert!(emitted[0].payload.get("errorInput").is_none(), "{}", emitted[0].payload);
    stage.remove().await
}

#[tokio::test]
async fn a_rebound_that_is_too_large_is_an_error() -> Result<()> {
    let body = json!({ "method": "GET", "url": "/limited", "unused": "x".repeat(1_600_000) });
    let large = TestMessage::new(&json!({ "body": body }));
    let (_broker, stage) = limited("rebound-too-large", oauth_config(), &[large]).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.results.wait_for(1, "an outcome", BOUND).await?;
    undisturbed(&stage, &mut worker).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted[0].routing_key, "error");
    let text = emitted[0].error_message()?;
    assert!(text.contains("asks for a wait") && text.contains(&LIMIT.to_string()), "{text}");
    stage.remove().await
}

#[tokio::test]
async fn a_snapshot_and_a_reply_that_are_too_large_are_errors_of_their_messages() -> Result<()> {
    let (_broker, stage) = limited("snapshot-too-large", json!({}), &[]).await?;
    let worker = ScriptedWorker::start(&stage, &stage.environment(SCRIPTED)).await?;
    stage.send(&scripted_message(&json!([{ "snapshotOfSize": 1_600_000 }]))).await?;
    stage
        .send(&scripted_message(&json!([{ "httpReplyOfSize": 1_600_000 }])).with_header("reply_to", json!("reply")))
        .await?;
    stage.send(&scripted_message(&json!([{ "data": {} }]))).await?;
    stage.results.wait_for(4, "outcomes", BOUND).await?;
    worker.stop().await?;
    let emitted = stage.emitted()?;
    assert_eq!((keys(&emitted, "error"), keys(&emitted, "reply"), keys(&emitted, "data")), (2, 1, 1));
    assert_eq!(stage.rejected.count(), 2);
    stage.remove().await
}
