//! Error answers of any length: an error's text has at most 64 KiB of them, and no part of a secret.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

const LIMIT: usize = 64 * 1024;
const TOKEN: &str = "old-access-token";

/// The outcome of one message whose answer this is, and what it added to the worker's memory.
async fn outcome(label: &str, status: u16, answer: &Value) -> Result<(Emitted, u64)> {
    let mut answer = answer.clone();
    answer["status"] = json!(status);
    let mut config = oauth_config();
    config["retries"] = json!(0);
    let stage = stage(label, config, json!({ "POST /item": [answer] }), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let idle = worker.peak_memory()?;
    let body = json!({ "method": "POST", "url": "/item", "data": { "kept": "as it was" } });
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    let growth = worker.peak_memory()? - idle;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?.pop().context("an outcome")?;
    assert_eq!(emitted.payload["errorInput"]["body"], body);
    assert_eq!(stage.calls(Api::Podio).len(), 1);
    let log = worker.log().all().concat();
    assert!(log.len() < LIMIT && !log.contains("blob") && !log.contains(TOKEN), "the log holds the answer");
    stage.remove().await?;
    Ok((emitted, growth))
}

#[tokio::test]
async fn a_long_error_answer_is_cut_off() -> Result<()> {
    let escapes = format!(r#"{{"blob":"{}"}}"#, r"\u0001\n\\".repeat(10_000));
    let answers = [
        (json!({ "size": 1_000_000 }), 1_000_011),
        (json!({ "text": "\u{1}\"".repeat(50_000) }), 100_000),
        (json!({ "text": "ü".repeat(50_000) }), 100_000),
        (json!({ "text": escapes }), escapes.len()),
    ];
    for status in [400, 404, 420, 503] {
        for (answer, size) in &answers {
            let (emitted, _) = outcome("long-error", status, answer).await?;
            let message = emitted.error_message()?;
            assert!(message.starts_with("Got error \""), "{message:.100}");
            assert!(message.contains(&format!("… (cut off: the answer has {size} bytes)")), "{status} {size}");
            assert!((LIMIT / 4..LIMIT + 500).contains(&message.len()), "{status} {size}: {}", message.len());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_at_the_cut_is_not_left_in_part() -> Result<()> {
    for inside in 0..=TOKEN.len() {
        // A JSON text that begins with 14 bytes before the filling.
        let filling = "x".repeat(LIMIT - inside - 14);
        let text = format!(r#"{{"blob":"{TOKEN}"#).replacen(TOKEN, "", 1) + "     " + &filling + TOKEN + " and more";
        let answer = json!({ "text": format!("{text}{}\"}}", "y".repeat(1000)) });
        let (emitted, _) = outcome("long-secret", 400, &answer).await?;
        let message = emitted.error_message()?;
        let quoted = message.split("… (cut off").next().unwrap_or_default();
        assert!(!message.contains(&TOKEN[..5]), "{inside}: {:?}", &quoted[quoted.len() - 40..]);
        assert!(
            quoted.ends_with("xxx\"") || quoted.ends_with("xxx") || quoted.ends_with("***"),
            "{inside}: {:?}",
            &quoted[quoted.len() - 40..]
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_error_answer_of_90_mb_takes_little_more_than_itself() -> Result<()> {
    const SIZE: usize = 90_000_000;
    let (emitted, growth) = outcome("long-90", 400, &json!({ "text": "\\u0001".repeat(SIZE / 6) })).await?;
    assert!(emitted.error_message()?.contains("the answer has 90000000 bytes"));
    assert!(growth < 2 * SIZE as u64, "{growth} bytes for an answer of {SIZE}");
    Ok(())
}
