//! Log lines: nothing from a message can end a line or control a terminal, and paths appear without what is variable in them.

use anyhow::{Context, Result};
use podio_test_support::{Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// What a forger would put into an id: line breaks of every kind, escape sequences, a change of direction.
const FORGED: &str =
    "id\r\n2026-01-01T00:00:00.000000Z ERROR forged\u{1b}[2K\u{1b}]0;title\u{7}\u{85}\u{2028}\u{2029}\u{9b}2J\u{202e}";

/// Lets a worker process the messages, to `outcomes` outcomes; returns the lines of its log.
async fn log(
    stage: &Stage,
    environment: &Environment,
    messages: &[TestMessage],
    outcomes: usize,
) -> Result<Vec<String>> {
    let mut worker = consuming_worker(stage, environment).await?;
    for message in messages {
        stage.send(message).await?;
    }
    stage.results.wait_for(outcomes, "outcomes", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    Ok(worker.log().all())
}

fn is_safe(char: char) -> bool {
    !char.is_control() && !matches!(char, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Every line of a text log begins with its time and level, and holds nothing that a terminal would obey.
fn assert_lines(lines: &[String]) {
    for line in lines {
        let mut words = line.split_whitespace();
        let (time, level) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let whole = time.len() == 27 && time.ends_with('Z') && ["ERROR", "WARN", "INFO", "DEBUG"].contains(&level);
        assert!(whole && !line.starts_with("2026-01-01"), "a forged line: {line:?} in {lines:#?}");
        assert!(line.chars().all(is_safe), "{line:?}");
    }
}

#[tokio::test]
async fn ids_and_inputs_with_line_breaks_and_escapes_forge_no_line_of_a_text_log() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": {} }], "GET /forbidden": [{ "status": 403, "json": {} }] });
    let stage = stage("forged-lines", oauth_config(), podio, json!({})).await?;
    let forged = |message: TestMessage| {
        let meta = message.with_header("messageId", json!(FORGED)).with_header("threadId", json!(FORGED));
        meta.with_header("x-eio-meta-trace-id", json!(FORGED)).with_header("stepId", json!(FORGED))
    };
    let messages = [
        TestMessage::from_body(b"no message".to_vec()).with_header("messageId", json!(FORGED)),
        forged(TestMessage::get("/user")),
        forged(TestMessage::get("/forbidden")).with_header("reply_to", json!(FORGED)),
        forged(TestMessage::new(&json!({ "body": { "method": FORGED, "url": "/user" } }))),
        forged(TestMessage::new(&json!({ "body": { "method": "GET", "url": FORGED } }))),
    ];
    let environment = environment(&stage, 1).with("LOG_FORMAT", "text");
    stage.drop_rejected().await?;
    let lines = log(&stage, &environment, &messages, 4).await?;
    assert_lines(&lines);
    for part in ["rejected without an answer", "messageId=", "reply reached nobody", "is not supported!"] {
        assert!(lines.iter().any(|line| line.contains(part) && line.contains(r"\u{1b}")), "{part}: {lines:#?}");
    }
    stage.remove().await
}

#[tokio::test]
async fn a_step_s_field_with_line_breaks_forges_no_line_and_a_long_one_is_cut() -> Result<()> {
    for object_type in [FORGED.to_owned(), format!("{FORGED}{}", "x".repeat(50_000))] {
        let mut config = oauth_config();
        config["objectType"] = json!(object_type);
        let stage = stage("forged-field", config, json!({}), json!({})).await?;
        let environment =
            environment(&stage, 1).with("LOG_FORMAT", "text").with("ELASTICIO_FUNCTION", "lookupObjectById");
        let message = TestMessage::new(&json!({ "body": { "idValue": 1 } }));
        let lines = log(&stage, &environment, &[message], 1).await?;
        assert_lines(&lines);
        let told = lines.iter().find(|line| line.contains("Unsupported Object Type")).context("the line")?;
        assert!(told.len() < 10_000, "{} bytes", told.len());
        assert_eq!(told.contains("more bytes"), object_type.len() > 50_000, "{told}");
        let emitted = stage.emitted()?.pop().context("an error")?;
        assert!(emitted.error_message()?.ends_with(&object_type), "the flow's owner reads it as it is");
        stage.remove().await?;
    }
    Ok(())
}

/// A path with content in it, and how a log shows it.
const PATHS: &[(&str, &str)] = &[
    ("/item/app/4711/external_id/ann-smith", "/item/app/*/external_id/*"),
    ("/search/app/4711/secretword", "/search/app/*/*"),
    ("/search/v2/gr%C3%BCn%20k%C3%A4se", "/search/v2/*"),
    ("/contact/ann@example.com/v2", "/contact/*/v2"),
    ("/item/4711/", "/item/*/"),
];

#[tokio::test]
async fn a_log_names_a_path_without_what_is_variable_in_it() -> Result<()> {
    let limited =
        json!([{ "status": 420, "json": {}, "headers": { "retry-after": "0" } }, { "status": 403, "json": {} }]);
    let podio: serde_json::Map<String, Value> =
        PATHS.iter().map(|(path, _)| (format!("GET {path}"), limited.clone())).collect();
    let stage = stage("path-templates", oauth_config(), podio.into(), json!({})).await?;
    let messages: Vec<_> = PATHS.iter().map(|(path, _)| TestMessage::get(path)).collect();
    let lines = log(&stage, &environment(&stage, 1), &messages, PATHS.len()).await?;
    let log = lines.join("\n");
    for content in ["4711", "ann", "secretword", "gr%C3%BCn", "k%C3%A4se"] {
        assert!(!log.contains(content), "{content} is in the log:\n{log}");
    }
    for (_, template) in PATHS {
        let about = lines.iter().filter(|line| line.contains(&format!("GET {template}")));
        assert!(about.count() >= 3, "{template}: the rate limit, the attempts and the failure:\n{log}");
    }
    stage.remove().await
}

#[tokio::test]
async fn the_flow_s_owner_reads_the_path_as_it_is() -> Result<()> {
    let podio = json!({ "POST /item/app/4711/external_id/ann-smith": [{ "reset": true }] });
    let mut config = oauth_config();
    config["retries"] = json!(0);
    let stage = stage("path-as-it-is", config, podio, json!({})).await?;
    let (path, template) = PATHS[0];
    let message = TestMessage::new(&json!({ "body": { "method": "POST", "url": path, "data": {} } }));
    let lines = log(&stage, &environment(&stage, 1), &[message], 1).await?;
    let emitted = stage.emitted()?.pop().context("an error")?;
    assert!(emitted.error_message()?.starts_with(&format!("POST {path}: no answer")), "{}", emitted.error_message()?);
    assert!(lines.iter().any(|line| line.contains(&format!("POST {template}: no answer"))), "{lines:#?}");
    assert!(!lines.join("\n").contains("ann-smith"), "{lines:#?}");
    stage.remove().await
}
