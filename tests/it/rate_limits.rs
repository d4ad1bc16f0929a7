//! At most so many emits of a kind in any interval.

use anyhow::{Context, Result, ensure};
use podio_test_support::{Emitted, Environment, Stage};
use serde_json::{Value, json};

use crate::performer::{PERFORM, Performer, orders};
use crate::step::{BOUND, environment, own_credential, stage};

const INTERVAL_MS: i64 = 300;

async fn set(label: &str) -> Result<(Stage, Environment)> {
    let stage = stage(label, own_credential(), json!({}), json!({})).await?;
    let environment = environment(&stage, 20)
        .with("ELASTICIO_FUNCTION", PERFORM)
        .with("ELASTICIO_RATE_INTERVAL", &INTERVAL_MS.to_string());
    Ok((stage, environment))
}

/// The times of these emits, in milliseconds, sorted.
fn times<'a>(emitted: impl IntoIterator<Item = &'a Emitted>) -> Result<Vec<i64>> {
    let ends = emitted.into_iter().map(|emitted| emitted.headers["end"].as_i64().context("it has an end"));
    let mut times = ends.collect::<Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times)
}

/// No window of `interval` holds more than `limit` of `times`.
fn ensure_limited(times: &[i64], limit: usize, interval: i64) -> Result<()> {
    for window in times.windows(limit + 1) {
        // Both ends are cut to whole milliseconds.
        ensure!(window[limit] - window[0] >= interval - 1, "{window:?} within {interval} ms: {times:?}");
    }
    Ok(())
}

/// Emits `order` in one message `inside` times, in `messages` messages that are in work at once.
async fn burst(stage: &Stage, environment: &Environment, order: &Value, inside: usize, messages: usize) -> Result<()> {
    let performer = Performer::start(stage, environment).await?;
    for _ in 0..messages {
        stage.send(&orders(&vec![order.clone(); inside].into())).await?;
    }
    stage.results.wait_for(inside * messages, "emits", BOUND).await?;
    performer.stop().await
}

#[tokio::test]
async fn each_kind_has_its_own_limit_over_all_messages() -> Result<()> {
    let cases = [
        ("DATA", json!({ "data": 1 }), 3, 1, 8),
        ("DATA", json!({ "data": 1 }), 2, 6, 1),
        ("ERROR", json!({ "error": "e" }), 1, 1, 4),
        ("SNAPSHOT", json!({ "snapshot": {} }), 2, 3, 2),
        ("SNAPSHOT", json!({ "updateSnapshot": {} }), 1, 2, 2),
    ];
    for (kind, order, limit, inside, messages) in cases {
        let (stage, environment) = set("rate-limit").await?;
        // The other kinds pass freely, so that it is this limit that holds.
        let environment = ["DATA", "ERROR", "SNAPSHOT"]
            .iter()
            .fold(environment, |all, kind| all.with(&format!("ELASTICIO_{kind}_RATE_LIMIT"), "1000"))
            .with(&format!("ELASTICIO_{kind}_RATE_LIMIT"), &limit.to_string());
        burst(&stage, &environment, &order, inside, messages).await?;
        let emitted = stage.emitted()?;
        assert_eq!(emitted.len(), inside * messages);
        ensure_limited(&times(&emitted)?, limit, INTERVAL_MS).with_context(|| format!("{kind} {order}"))?;
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn one_kind_does_not_wait_for_another() -> Result<()> {
    let (stage, environment) = set("rate-kinds").await?;
    // The second error waits longer than any test.
    let environment = environment.with("ELASTICIO_ERROR_RATE_LIMIT", "1").with("ELASTICIO_RATE_INTERVAL", "600000");
    let _performer = Performer::start(&stage, &environment).await?;
    stage.send(&orders(&json!([{ "error": "1" }, { "error": "2" }]))).await?;
    stage.results.wait_for(1, "error", BOUND).await?;
    stage.send(&orders(&json!([{ "snapshot": {} }, { "data": 1 }]))).await?;
    stage.results.wait_for(3, "emits", BOUND).await?;
    let emitted = stage.emitted()?;
    let keys: Vec<&str> = emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect();
    assert_eq!(keys, ["error", "snapshot", "data"]);
    stage.remove().await
}

#[tokio::test]
async fn ten_results_two_errors_and_two_snapshots_in_100_ms_are_the_defaults() -> Result<()> {
    let cases = [(json!({ "data": 1 }), 10, 25), (json!({ "error": "e" }), 2, 7), (json!({ "snapshot": {} }), 2, 7)];
    for (order, limit, count) in cases {
        let (stage, environment) = set("rate-default").await?;
        let environment = ["DATA_RATE_LIMIT", "ERROR_RATE_LIMIT", "SNAPSHOT_RATE_LIMIT", "RATE_INTERVAL"]
            .iter()
            .fold(environment, |all, name| all.without(&format!("ELASTICIO_{name}")));
        burst(&stage, &environment, &order, count, 1).await?;
        let times = times(&stage.emitted()?)?;
        ensure_limited(&times, limit, 100).with_context(|| order.to_string())?;
        // A stricter limit than the default would take at least twice as long.
        let (took, least) = (times[count - 1] - times[0], 100 * i64::try_from((count - 1) / limit)?);
        ensure!(took < 2 * least + 1000, "{order}: {took} ms for {count}");
        stage.remove().await?;
    }
    Ok(())
}
