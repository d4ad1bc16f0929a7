//! Publishes of one batch: each has its own outcome.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Stage, TestMessage};
use serde_json::json;

use crate::step::{BOUND, answers, consuming_worker, environment, oauth_config, step_data, stop};

const MESSAGES: usize = 120;
const PREFETCH: usize = 60;

/// The number of emits with this routing key, and their distinct `parentMessageId`s.
fn parents(stage: &Stage, key: &str) -> Result<(usize, BTreeSet<String>)> {
    let emitted: Vec<_> = stage.emitted()?.into_iter().filter(|emitted| emitted.routing_key == key).collect();
    let ids = emitted.iter().map(|emitted| {
        emitted.text_header("parentMessageId").map(str::to_owned).context("a result without parentMessageId")
    });
    Ok((emitted.len(), ids.collect::<Result<_>>()?))
}

#[tokio::test]
async fn an_unroutable_message_does_not_affect_others_of_its_batch() -> Result<()> {
    let stage = Stage::set("groups", &["error".to_owned()]).await?;
    stage.sandbox.set_step(&step_data(oauth_config()));
    // Answers that arrive together are published in one batch.
    let podio = json!({ "GET /good": [{ "json": {}, "delay": 0.05 }], "GET /bad": [{ "status": 404, "delay": 0.05 }] });
    stage.sandbox.set_answers(answers(podio, json!({}))?)?;
    let environment = environment(&stage, PREFETCH).with("ELASTICIO_AMQP_PUBLISH_RETRY_DELAY", "50");
    let (mut good, mut bad) = (BTreeSet::new(), BTreeSet::new());
    for number in 0..MESSAGES {
        let (path, ids) = if number % 2 == 0 { ("/good", &mut good) } else { ("/bad", &mut bad) };
        let input = TestMessage::get(path);
        ids.insert(input.message_id().context("a message id")?.to_owned());
        stage.send(&input).await?;
    }
    let mut worker = consuming_worker(&stage, &environment).await?;
    // In the end, errors that are published again and again occupy all slots.
    let repeated = |log: &[String]| log.iter().filter(|line| line.contains("not published; trying again")).count();
    worker.log().wait_until("failures to publish", BOUND, |log| repeated(log) >= PREFETCH).await?;
    assert_eq!(stage.rejected.count(), 0, "a message whose error is not published was settled");
    stage.bind("error").await?;
    stage.results.wait_for(MESSAGES, "outcomes", BOUND).await?;
    stage.rejected.wait_for(MESSAGES / 2, "dead letters", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(parents(&stage, "data")?, (MESSAGES / 2, good));
    assert_eq!(parents(&stage, "error")?, (MESSAGES / 2, bad));
    assert_eq!(stage.calls(Api::Podio).len(), MESSAGES, "only publishes are repeated");
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, MESSAGES / 2));
    stage.remove().await
}
