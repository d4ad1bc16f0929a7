//! `podio-component check`: everything that a worker needs, each thing broken in turn.

use anyhow::{Context, Result};
use podio_test_support::{Ended, Environment, Stage, run_to_end};
use serde_json::{Value, json};

use crate::step::{BOUND, environment, oauth_config, program, stage};

/// The lines of a check, by its name: status and text.
struct Checked {
    ended: Ended,
    lines: Vec<Value>,
}

impl Checked {
    fn line(&self, check: &str) -> Result<(&str, &str)> {
        let line = self.lines.iter().find(|line| line["check"] == check).with_context(|| format!("no line {check}"))?;
        Ok((line["status"].as_str().unwrap_or_default(), line["text"].as_str().unwrap_or_default()))
    }

    fn failed(&self) -> Vec<&str> {
        let failed = self.lines.iter().filter(|line| line["status"] == "failed");
        failed.filter_map(|line| line["check"].as_str()).collect()
    }
}

async fn healthy(label: &str) -> Result<(Stage, Environment)> {
    let podio = json!({ "GET /oauth/scope": [{ "json": [{ "ref_type": null, "permissions": ["all"] }] }] });
    let stage = stage(label, oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 3);
    Ok((stage, environment))
}

async fn check(environment: &Environment) -> Result<Checked> {
    let variables: Vec<(&str, &str)> =
        environment.variables().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let finished = run_to_end(program(), &["check", "--json"], &variables, "", BOUND).await?;
    let lines = serde_json::from_str(&finished.output).with_context(|| finished.errors.clone())?;
    Ok(Checked { ended: finished.ended, lines })
}

#[tokio::test]
async fn a_worker_that_would_run_has_a_line_for_each_thing_and_no_message_is_touched() -> Result<()> {
    let (stage, environment) = healthy("check-healthy").await?;
    stage.send(&podio_test_support::TestMessage::get("/user")).await?;
    let checked = check(&environment).await?;
    assert_eq!((checked.ended, checked.failed()), (Ended(0), Vec::new()), "{:?}", checked.lines);
    for (check, said) in [
        ("settings", "all that a worker needs are set"),
        ("broker", "accepts"),
        ("queue", "1 message(s) wait, 0 consumer(s)"),
        ("exchange", "is there"),
        ("platform", "returns the step's data"),
        ("step", "it runs customRequest"),
        ("credential", "scope global:all"),
        ("object storage", "it answers and accepts the token"),
        ("clock", "agrees"),
        ("memory", "MiB"),
    ] {
        let (status, text) = checked.line(check)?;
        assert!(status == "ok" && text.contains(said), "{check}: {status}: {text}");
    }
    assert_eq!(stage.left().await?, 1, "the message is where it was");
    stage.remove().await
}

#[tokio::test]
async fn each_thing_that_is_broken_is_one_line_that_names_it_and_the_cure() -> Result<()> {
    let (stage, environment) = healthy("check-broken").await?;
    let broker = environment.variables().find(|(name, _)| *name == "ELASTICIO_AMQP_URI").map(|(_, uri)| uri);
    let broker = broker.context("the broker's address")?.clone();
    let refused = broker.replacen("guest:guest", "guest:wrong", 1);
    for (name, value, check_name, said) in [
        ("ELASTICIO_STEP_ID", "", "settings", "ELASTICIO_STEP_ID: is missing"),
        ("ELASTICIO_AMQP_URI", "amqp://guest:guest@127.0.0.1:1/", "broker", "Check ELASTICIO_AMQP_URI"),
        ("ELASTICIO_AMQP_URI", &refused, "broker", "Check the user, the password and the vhost"),
        ("ELASTICIO_LISTEN_MESSAGES_ON", "not-there", "queue", "Check ELASTICIO_LISTEN_MESSAGES_ON"),
        ("ELASTICIO_PUBLISH_MESSAGES_TO", "not-there", "exchange", "Check ELASTICIO_PUBLISH_MESSAGES_TO"),
        ("ELASTICIO_API_URI", "http://127.0.0.1:1", "platform", "ELASTICIO_API_URI"),
        ("ELASTICIO_FUNCTION", "noSuchAction", "step", "noSuchAction"),
        ("PODIO_API_URL", "http://127.0.0.1:1", "credential", "no answer"),
        ("ELASTICIO_OBJECT_STORAGE_URI", "http://127.0.0.1:1", "object storage", "ELASTICIO_OBJECT_STORAGE_URI"),
    ] {
        let checked = check(&environment.clone().with(name, value)).await?;
        assert_eq!((checked.ended, checked.failed()), (Ended(1), vec![check_name]), "{name}: {:?}", checked.lines);
        let (_, text) = checked.line(check_name)?;
        assert!(text.contains(said), "{name}: {text}");
        assert!(!checked.lines.iter().any(|line| line.to_string().contains("guest:")), "{:?}", checked.lines);
    }
    stage.remove().await
}

#[tokio::test]
async fn what_is_taken_otherwise_than_written_is_a_warning_and_people_get_lines() -> Result<()> {
    let (stage, environment) = healthy("check-warnings").await?;
    let environment = environment.with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", "abc");
    let checked = check(&environment).await?;
    assert_eq!(checked.ended, Ended(0));
    let (status, text) = checked.line("settings")?;
    assert!(status == "warning" && text.starts_with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR: is not"), "{text}");

    let variables: Vec<(&str, &str)> =
        environment.variables().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let finished = run_to_end(program(), &["check"], &variables, "", BOUND).await?;
    let lines: Vec<&str> = finished.output.lines().collect();
    assert_eq!(lines.len(), checked.lines.len(), "{lines:?}");
    assert!(lines[0].starts_with("warning    settings        ELASTICIO_RABBITMQ_PREFETCH_SAILOR"), "{}", lines[0]);
    assert!(lines.iter().any(|line| line.starts_with("ok         broker          ")), "{lines:?}");
    stage.remove().await
}
