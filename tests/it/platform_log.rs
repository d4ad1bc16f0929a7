//! The log as the platform reads it (protocol, section 13): one JSON object a line, with the ids of the message that it is
//! about, and for the flow's owner the whole way of a message.

use anyhow::{Context, Result};
use podio_test_support::{Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// Variables that every line carries, besides those that every worker has.
const OPTIONAL: &[(&str, &str)] = &[
    ("ELASTICIO_COMP_NAME", "podio"),
    ("ELASTICIO_CONTRACT_ID", "contract1"),
    ("ELASTICIO_EXEC_TYPE", "flow-step"),
    ("ELASTICIO_EXECUTION_RESULT_ID", "result1"),
    ("ELASTICIO_FLOW_VERSION", "v1"),
    ("ELASTICIO_TASK_USER_EMAIL", "ann@example.com"),
    ("ELASTICIO_TENANT_ID", "tenant1"),
];
const REQUIRED: &[(&str, &str)] = &[
    ("ELASTICIO_API_USERNAME", "api-user"),
    ("ELASTICIO_COMP_ID", "comp1"),
    ("ELASTICIO_CONTAINER_ID", "container1"),
    ("ELASTICIO_EXEC_ID", "exec1"),
    ("ELASTICIO_FLOW_ID", "flow1"),
    ("ELASTICIO_FUNCTION", "customRequest"),
    ("ELASTICIO_STEP_ID", "step_2"),
    ("ELASTICIO_USER_ID", "user1"),
    ("ELASTICIO_WORKSPACE_ID", "ws1"),
    ("tag", "flow1"),
    ("hostname", "podio-test"),
];

/// Lets a worker process the messages, to as many outcomes; returns the lines of its log.
async fn lines(stage: &Stage, environment: &Environment, messages: &[TestMessage]) -> Result<Vec<Value>> {
    let mut worker = consuming_worker(stage, environment).await?;
    for message in messages {
        stage.send(message).await?;
    }
    stage.results.wait_for(messages.len(), "outcomes", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let lines = worker.log().all();
    lines.iter().map(|line| serde_json::from_str(line).with_context(|| line.clone())).collect()
}

fn at_info(stage: &Stage) -> Environment {
    let environment = environment(stage, 1).with("LOG_LEVEL", "info");
    OPTIONAL.iter().fold(environment, |environment, (name, value)| environment.with(name, value))
}

/// What the flow's owner reads of a message, as (level, text).
fn story(lines: &[Value], message_id: &str) -> Vec<(u64, String)> {
    let about = lines.iter().filter(|line| line["messageId"] == message_id && line["name"] == "component");
    let told = about.map(|line| {
        let text = line["msg"].as_str().unwrap_or_default().to_owned();
        (line["level"].as_u64().unwrap_or_default(), text)
    });
    told.collect()
}

#[tokio::test]
async fn every_line_has_the_platform_s_form() -> Result<()> {
    let stage = stage("log-form", oauth_config(), json!({ "GET /user": [{ "json": {} }] }), json!({})).await?;
    let lines = lines(&stage, &at_info(&stage), &[TestMessage::get("/user"), TestMessage::get("/nothing")]).await?;
    for line in &lines {
        assert_eq!(line["v"], 0, "{line}");
        assert!(matches!(line["name"].as_str(), Some("sailor" | "component")), "{line}");
        assert!(line["level"].as_u64().is_some_and(|level| [30, 40, 50].contains(&level)), "{line}");
        assert!(line["pid"].is_u64() && line["msg"].is_string(), "{line}");
        let time = line["time"].as_str().context("a time")?;
        assert!(time.len() == 24 && time.ends_with('Z') && &time[10..11] == "T" && &time[19..20] == ".", "{time}");
        for (name, value) in OPTIONAL.iter().chain(REQUIRED) {
            assert_eq!(line[name], *value, "{name}: {line}");
        }
        assert!(line.get("ELASTICIO_API_KEY").is_none() && line.get("ELASTICIO_AMQP_URI").is_none(), "{line}");
    }
    let failed = lines.iter().find(|line| line["msg"] == "failed").context("the failure")?;
    assert!(failed["err"]["message"].as_str().is_some_and(|text| text.contains("404")), "{failed}");
    assert_eq!((&failed["err"]["name"], failed["err"]["stack"].is_string()), (&json!("Error"), true));
    stage.remove().await
}

#[tokio::test]
async fn the_first_line_says_what_starts_and_the_last_summary_what_was_done() -> Result<()> {
    let podio = json!({ "GET /user": [{ "status": 503, "json": {} }, { "json": {} }] });
    let stage = stage("log-summary", oauth_config(), podio, json!({})).await?;
    let lines = lines(&stage, &at_info(&stage), &[TestMessage::get("/user"), TestMessage::get("/nothing")]).await?;
    let first = lines.first().context("a line")?;
    assert_eq!((&first["msg"], &first["name"]), (&json!("starting"), &json!("sailor")));
    assert_eq!((&first["version"], &first["step"]), (&json!(env!("CARGO_PKG_VERSION")), &json!("step_2")));
    assert_eq!((&first["action"], &first["prefetch"]), (&json!("customRequest"), &json!(1)));
    assert!(first["revision"].is_string() && first["queue"].is_string() && first["exchange"].is_string(), "{first}");
    let last = lines.iter().rfind(|line| line["msg"] == "so far").context("a summary")?;
    for (name, value) in [("done", 1), ("failed", 1), ("handed_back", 0), ("in_work", 0), ("calls", 3)] {
        assert_eq!(last[name], value, "{name}: {last}");
    }
    assert_eq!(last["retries"], "503: 1");
    stage.remove().await
}

#[tokio::test]
async fn a_message_s_lines_carry_its_ids() -> Result<()> {
    let stage = stage("log-ids", oauth_config(), json!({ "GET /user": [{ "json": {} }] }), json!({})).await?;
    let named = TestMessage::get("/user").with_header("messageId", json!("m1")).with_header("threadId", json!("t1"));
    let messages = [named.with_header("parentMessageId", json!("p1")), TestMessage::get("/user").without_headers()];
    let lines = lines(&stage, &at_info(&stage), &messages).await?;
    let ids = |line: &Value| ["threadId", "messageId", "parentMessageId"].map(|name| line[name].clone());
    let about: Vec<_> = lines.iter().filter(|line| line["name"] == "component").map(ids).collect();
    let (first, second) = (["t1", "m1", "p1"].map(Value::from), ["unknown"; 3].map(Value::from));
    assert_eq!(about, [first.clone(), first, second.clone(), second]);
    assert!(lines.iter().any(|line| line.get("threadId").is_none()), "a line about no message has no ids");
    stage.remove().await
}

#[tokio::test]
async fn the_flow_s_owner_reads_the_way_of_a_message() -> Result<()> {
    let limited = json!({ "status": 420, "json": { "error_description": "Please wait 1 seconds" } });
    let podio = json!({
        "GET /retried": [{ "status": 503, "json": {} }, { "reset": true }, { "json": {} }],
        "GET /limited": [limited, { "json": {} }],
        "GET /forbidden": [{ "status": 403, "json": {} }],
    });
    let stage = stage("log-owner", oauth_config(), podio, json!({})).await?;
    let message = |name: &str| TestMessage::get(&format!("/{name}")).with_header("messageId", json!(name));
    let messages = ["retried", "limited", "forbidden"].map(message);
    let lines = lines(&stage, &at_info(&stage), &messages).await?;
    let starts = |story: &[(u64, String)], wanted: &[(u64, &str)]| {
        assert_eq!(story.len(), wanted.len(), "{story:#?}");
        for ((level, text), (wanted_level, begin)) in story.iter().zip(wanted) {
            assert!(level == wanted_level && text.starts_with(begin), "{begin}: {story:#?}");
        }
    };
    let (begins, done) = ((30, "customRequest begins"), (30, "customRequest is done in "));
    let retries =
        [(40, "attempt 2 of 6 in 0.1 s: Podio answered 503"), (40, "attempt 3 of 6 in 0.1 s: no answer from Podio")];
    starts(&story(&lines, "retried"), &[begins, retries[0], retries[1], done]);
    starts(&story(&lines, "limited"), &[begins, (40, "attempt 2 of 6 in 1.0 s: Podio's rate limit"), done]);
    starts(&story(&lines, "forbidden"), &[begins, (50, "failed")]);
    stage.remove().await
}

#[tokio::test]
async fn the_owner_reads_warnings_with_their_ids_at_every_level() -> Result<()> {
    let podio = json!({ "GET /user": [{ "status": 503, "json": {} }, { "json": {} }] });
    let stage = stage("log-level", oauth_config(), podio, json!({})).await?;
    let message = TestMessage::get("/user").with_header("messageId", json!("m1"));
    let lines = lines(&stage, &at_info(&stage).with("LOG_LEVEL", "warn"), &[message]).await?;
    let story = story(&lines, "m1");
    assert!(matches!(&story[..], [(40, text)] if text.starts_with("attempt 2 of 6")), "{lines:#?}");
    stage.remove().await
}
