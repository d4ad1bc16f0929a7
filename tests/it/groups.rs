//! Publishes that go out together: each message has its own outcome.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Stage, TestMessage};
use serde_json::json;

use crate::step::{BOUND, answers, consuming_worker, environment, own_credential, step_data, stop};

const MESSAGES: usize = 120;
const PREFETCH: usize = 60;

/// The `parentMessageId` of everything that was emitted with this key, each once.
fn parents(stage: &Stage, key: &str) -> Result<(usize, BTreeSet<String>)> {
    let emitted: Vec<_> = stage.emitted()?.into_iter().filter(|emitted| emitted.routing_key == key).collect();
    let ids = emitted.iter().map(|emitted| {
        emitted.text_header("parentMessageId").map(str::to_owned).context("a result without parentMessageId")
    });
    Ok((emitted.len(), ids.collect::<Result<_>>()?))
}

#[tokio::test]
async fn what_no_queue_takes_is_told_from_what_goes_out_beside_it() -> Result<()> {
    let stage = Stage::set("groups", &["error".to_owned()]).await?;
    stage.sandbox.set_step(&step_data(own_credential()));
    // Answers that come at the same moment are published at the same moment.
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
    // As many errors as may be in work hold their slots and are published again and again, beside the results.
    let repeated = |log: &[String]| log.iter().filter(|line| line.contains("not published; trying again")).count();
    worker.log().wait_until("failures to publish", BOUND, |log| repeated(log) >= PREFETCH).await?;
    assert_eq!(stage.rejected.count(), 0, "an error that no queue took was settled");
    stage.bind("error").await?;
    stage.results.wait_for(MESSAGES, "outcomes", BOUND).await?;
    stage.rejected.wait_for(MESSAGES / 2, "dead letters", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    assert_eq!(parents(&stage, "data")?, (MESSAGES / 2, good));
    assert_eq!(parents(&stage, "error")?, (MESSAGES / 2, bad));
    assert_eq!(stage.calls(Api::Podio).len(), MESSAGES, "only the publishing is repeated");
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, MESSAGES / 2));
    stage.remove().await
}
