//! The step's snapshot: what messages see of those before them and beside them.

use anyhow::Result;
use podio_test_support::Emitted;
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, environment, oauth_config, stage, wait_for_empty_queue};

/// The bodies of the results, or the payloads of what has another routing key.
fn payloads(emitted: &[Emitted], key: &str) -> Vec<Value> {
    let of_key = emitted.iter().filter(|emitted| emitted.routing_key == key);
    of_key
        .map(|emitted| if key == "data" { emitted.payload["body"].clone() } else { emitted.payload.clone() })
        .collect()
}

#[tokio::test]
async fn an_update_merges_into_what_the_messages_before_have_left() -> Result<()> {
    let stage = stage("snapshot-merge", oauth_config(), json!({}), json!({})).await?;
    stage.sandbox.set_step(&json!({ "config": oauth_config(), "snapshot": { "start": { "a": 1 }, "n": 0 } }));
    let worker = ScriptedWorker::start(&stage, &stage.environment(SCRIPTED)).await?;
    for script in [
        json!([{ "seenSnapshot": null }, { "updateSnapshot": { "n": 1 } }]),
        json!([{ "seenSnapshot": null }, { "updateSnapshot": { "m": 2, "start": {} } }, { "updateSnapshot": { "n": 3 } }]),
        json!([{ "seenSnapshot": null }, { "snapshot": { "only": true } }]),
        json!([{ "seenSnapshot": null }]),
    ] {
        stage.send(&scripted_message(&script)).await?;
    }
    stage.results.wait_for(8, "emits", BOUND).await?;
    worker.stop().await?;
    let seen = [
        json!({ "start": { "a": 1 }, "n": 0 }),
        json!({ "start": { "a": 1 }, "n": 1 }),
        json!({ "start": {}, "n": 3, "m": 2 }),
        json!({ "only": true }),
    ];
    let emitted = stage.emitted()?;
    assert_eq!(payloads(&emitted, "data"), seen);
    let published = [json!({ "n": 1 }), json!({ "m": 2, "start": {} }), json!({ "n": 3 }), json!({ "only": true })];
    assert_eq!(payloads(&emitted, "snapshot"), published, "the changes are published, not the whole");
    stage.remove().await
}

#[tokio::test]
async fn messages_in_work_at_the_same_time_lose_no_change_of_one_another() -> Result<()> {
    let stage = stage("snapshot-beside", oauth_config(), json!({}), json!({})).await?;
    let environment =
        environment(&stage, 8).with("ELASTICIO_FUNCTION", SCRIPTED).with("ELASTICIO_SNAPSHOT_RATE_LIMIT", "100000");
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    for message in 0..8 {
        let change = json!({ format!("m{message}"): message, "last": message });
        stage.send(&scripted_message(&json!([{ "wait": 50 }, { "updateSnapshot": change }]))).await?;
    }
    stage.results.wait_for(8, "snapshots", BOUND).await?;
    stage.send(&scripted_message(&json!([{ "seenSnapshot": null }]))).await?;
    stage.results.wait_for(9, "what the next message sees", BOUND).await?;
    worker.stop().await?;
    let emitted = stage.emitted()?;
    // What the platform stores when it applies them in the order in which they came.
    let mut stored = serde_json::Map::new();
    for change in payloads(&emitted, "snapshot") {
        stored.extend(change.as_object().cloned().unwrap_or_default());
    }
    assert_eq!(stored.len(), 9);
    assert_eq!(payloads(&emitted, "data"), [Value::Object(stored)]);
    stage.remove().await
}

#[tokio::test]
async fn a_snapshot_that_is_not_published_or_is_none_changes_nothing() -> Result<()> {
    let stage = stage("snapshot-refused", oauth_config(), json!({}), json!({})).await?;
    stage.unbind("snapshot").await?;
    let environment = stage
        .environment(SCRIPTED)
        .with("ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", "2")
        .with("ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", "20000");
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    let refused = [
        (json!([{ "updateSnapshot": { "n": 1 } }]), "Failed on publishing"),
        (json!([{ "snapshot": [1] }]), "A snapshot must be a JSON object, but an array was emitted"),
        (json!([{ "updateSnapshot": "text" }]), "A snapshot must be a JSON object, but text was emitted"),
        (json!([{ "snapshotOfSize": 20_000 }]), "The step's snapshot would have 20008 bytes, more than the 20000"),
    ];
    for (script, _) in &refused {
        stage.send(&scripted_message(script)).await?;
    }
    stage.send(&scripted_message(&json!([{ "seenSnapshot": null }]))).await?;
    stage.results.wait_for(refused.len() + 1, "outcomes", BOUND).await?;
    wait_for_empty_queue(&stage).await?;
    worker.stop().await?;
    let emitted = stage.emitted()?;
    for (emitted, (script, text)) in emitted.iter().zip(&refused) {
        let message = emitted.error_message()?;
        assert!(message.contains(text), "{script}: {message}");
    }
    assert_eq!(payloads(&emitted, "data"), [json!({})]);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, refused.len()));
    stage.remove().await
}
