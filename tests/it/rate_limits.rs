//! Rate limits: the number of emits of each kind in any interval is limited.

use anyhow::{Context, Result, ensure};
use podio_test_support::{Emitted, Environment, Stage};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, environment, oauth_config, stage};

const INTERVAL_MS: i64 = 300;

async fn setup(label: &str) -> Result<(Stage, Environment)> {
    let stage = stage(label, oauth_config(), json!({}), json!({})).await?;
    let environment = environment(&stage, 20)
        .with("ELASTICIO_FUNCTION", SCRIPTED)
        .with("ELASTICIO_RATE_INTERVAL", &INTERVAL_MS.to_string());
    Ok((stage, environment))
}

/// The times of these emits in milliseconds, sorted.
fn times<'a>(emitted: impl IntoIterator<Item = &'a Emitted>) -> Result<Vec<i64>> {
    let ends = emitted.into_iter().map(|emitted| emitted.headers["end"].as_i64().context("it has an end"));
    let mut times = ends.collect::<Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times)
}

/// Fails if a window of `interval` has more than `limit` of `times`.
fn ensure_limited(times: &[i64], limit: usize, interval: i64) -> Result<()> {
    for window in times.windows(limit + 1) {
        // Times are truncated to milliseconds.
        ensure!(window[limit] - window[0] >= interval - 1, "{window:?} within {interval} ms: {times:?}");
    }
    Ok(())
}

/// Processes `messages` messages concurrently, each of which emits `instruction` `per_message` times.
async fn burst(
    stage: &Stage,
    environment: &Environment,
    instruction: &Value,
    per_message: usize,
    messages: usize,
) -> Result<()> {
    let worker = ScriptedWorker::start(stage, environment).await?;
    for _ in 0..messages {
        stage.send(&scripted_message(&vec![instruction.clone(); per_message].into())).await?;
    }
    stage.results.wait_for(per_message * messages, "emits", BOUND).await?;
    worker.stop().await
}

#[tokio::test]
async fn each_kind_of_emit_has_its_own_limit_across_messages() -> Result<()> {
    let cases = [
        ("DATA", json!({ "data": 1 }), 3, 1, 8),
        ("DATA", json!({ "data": 1 }), 2, 6, 1),
        ("ERROR", json!({ "error": "e" }), 1, 1, 4),
        ("SNAPSHOT", json!({ "snapshot": {} }), 2, 3, 2),
        ("SNAPSHOT", json!({ "updateSnapshot": {} }), 1, 2, 2),
    ];
    for (kind, instruction, limit, per_message, messages) in cases {
        let (stage, environment) = setup("rate-limit").await?;
        // The limits of the other kinds are high, so that only this one has an effect.
        let environment = ["DATA", "ERROR", "SNAPSHOT"]
            .iter()
            .fold(environment, |all, kind| all.with(&format!("ELASTICIO_{kind}_RATE_LIMIT"), "1000"))
            .with(&format!("ELASTICIO_{kind}_RATE_LIMIT"), &limit.to_string());
        burst(&stage, &environment, &instruction, per_message, messages).await?;
        let emitted = stage.emitted()?;
        assert_eq!(emitted.len(), per_message * messages);
        ensure_limited(&times(&emitted)?, limit, INTERVAL_MS).with_context(|| format!("{kind} {instruction}"))?;
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn one_kind_of_emit_does_not_wait_for_another() -> Result<()> {
    let (stage, environment) = setup("rate-kinds").await?;
    // The second error would wait longer than the test takes.
    let environment = environment.with("ELASTICIO_ERROR_RATE_LIMIT", "1").with("ELASTICIO_RATE_INTERVAL", "600000");
    let _worker = ScriptedWorker::start(&stage, &environment).await?;
    stage.send(&scripted_message(&json!([{ "error": "1" }, { "error": "2" }]))).await?;
    stage.results.wait_for(1, "error", BOUND).await?;
    stage.send(&scripted_message(&json!([{ "snapshot": {} }, { "data": 1 }]))).await?;
    stage.results.wait_for(3, "emits", BOUND).await?;
    let emitted = stage.emitted()?;
    let keys: Vec<&str> = emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect();
    assert_eq!(keys, ["error", "snapshot", "data"]);
    stage.remove().await
}

#[tokio::test]
async fn the_default_limits_are_ten_results_two_errors_and_two_snapshots_per_100_ms() -> Result<()> {
    let cases = [(json!({ "data": 1 }), 10, 25), (json!({ "error": "e" }), 2, 7), (json!({ "snapshot": {} }), 2, 7)];
    for (instruction, limit, count) in cases {
        let (stage, environment) = setup("rate-default").await?;
        let environment = ["DATA_RATE_LIMIT", "ERROR_RATE_LIMIT", "SNAPSHOT_RATE_LIMIT", "RATE_INTERVAL"]
            .iter()
            .fold(environment, |all, name| all.without(&format!("ELASTICIO_{name}")));
        burst(&stage, &environment, &instruction, count, 1).await?;
        let times = times(&stage.emitted()?)?;
        ensure_limited(&times, limit, 100).with_context(|| instruction.to_string())?;
        // A stricter limit than the default would take at least twice as long.
        let (took, least) = (times[count - 1] - times[0], 100 * i64::try_from((count - 1) / limit)?);
        ensure!(took < 2 * least + 1000, "{instruction}: {took} ms for {count}");
        stage.remove().await?;
    }
    Ok(())
}
