//! The program as a command of its own, without broker and platform.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};
use podio_test_support::{Ended, Environment, Finished, Worker, run_to_end};

use crate::{BODY, BOUND, program};

/// Runs a command with nothing in its environment, a credential least of all.
async fn run(arguments: &[&str], input: &str) -> Result<Finished> {
    run_to_end(program(), arguments, &[], input, BOUND).await
}

#[tokio::test]
async fn exec_prints_the_result_without_broker_platform_or_credential() -> Result<()> {
    let finished = run(&["exec"], &format!("{{\"body\":{BODY}}}\n{{}}\n")).await?;
    assert_eq!(finished.ended, Ended(1), "the second message fails: {}", finished.errors);
    let lines: Vec<&str> = finished.output.lines().collect();
    assert_eq!(lines.len(), 2, "{}", finished.output);
    assert!(lines[0].starts_with(r#"{"input":1,"#), "{}", lines[0]);
    assert!(lines[0].contains(&format!(r#""body":{BODY},"#)), "{}", lines[0]);
    assert!(lines[1].contains(r#""message":"The message has no \"body\""#), "{}", lines[1]);

    let finished = run(&["exec", r#"{"body":{"hello":"world"}}"#], "").await?;
    assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
    assert!(finished.output.contains(r#""body":{"hello":"world"}"#), "{}", finished.output);
    Ok(())
}

#[tokio::test]
async fn the_command_line_names_the_component_its_action_and_its_version() -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    for (arguments, parts) in [
        (&["--help"][..], &["Echo component", "Usage: echo-component"][..]),
        (&["exec", "--help"], &["Usage: echo-component exec", "[default: echo]"]),
        (&["--version"], &[&format!("echo-component {version}")]),
    ] {
        let finished = run(arguments, "").await?;
        assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
        for part in parts {
            assert!(finished.output.contains(part), "{part} is not in: {}", finished.output);
        }
    }
    let manifest = include_str!("../../component.json");
    assert!(manifest.contains(&format!(r#""version": "{version}""#)), "component.json has another version");
    Ok(())
}

/// A new folder, and the path of a file in it that is not there yet.
fn new_file() -> Result<(tempfile::TempDir, String)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("snapshot.json").to_str().context("the path is not UTF-8")?.to_owned();
    Ok((folder, path))
}

/// The bodies, and the snapshots, of the output's lines.
fn emits(output: &str) -> Result<Vec<serde_json::Value>> {
    let parse = |line| serde_json::from_str::<serde_json::Value>(line).with_context(|| format!("not JSON: {line}"));
    let lines = output.lines().map(parse).collect::<Result<Vec<_>>>()?;
    Ok(lines.into_iter().map(|line| line.get("body").or(line.get("snapshot")).cloned().unwrap_or(line)).collect())
}

#[tokio::test]
async fn a_polling_trigger_needs_no_message_and_the_file_keeps_its_snapshot() -> Result<()> {
    let (_folder, file) = new_file()?;
    let count = |arguments: &'static [&'static str]| {
        let all = [&["exec", "--function", "count", "--snapshot", &file][..], arguments].concat();
        let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
        async move { run(&all.iter().map(String::as_str).collect::<Vec<_>>(), "").await }
    };
    let one = |count: u64| serde_json::json!({ "count": count });
    let finished = count(&["--debug"]).await?;
    assert_eq!((finished.ended, emits(&finished.output)?), (Ended(0), vec![one(1)]), "{}", finished.errors);
    assert!(!fs::exists(&file)?, "a sample is not remembered");

    for run in 1..=2 {
        let finished = count(&[]).await?;
        assert_eq!((finished.ended, emits(&finished.output)?), (Ended(0), vec![one(run); 2]), "{}", finished.errors);
        assert_eq!(fs::read_to_string(&file)?, format!("{{\"count\":{run}}}\n"));
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, PermissionsExt::from_mode(0o644))?;
    }

    let finished = count(&[r#"{"body":{}}"#, "{}", "not JSON"]).await?;
    assert_eq!(finished.ended, Ended(1), "{}", finished.errors);
    assert_eq!(emits(&finished.output)?[..4], [one(3), one(3), one(4), one(4)], "a message sees what came before it");
    assert_eq!(fs::read_to_string(&file)?, "{\"count\":2}\n", "a run that fails is repeated");

    fs::write(&file, "[1]")?;
    let finished = count(&[]).await?;
    assert_eq!((finished.ended, finished.output.as_str()), (Ended(1), ""));
    assert!(finished.errors.contains("holds an array, not a JSON object"), "{}", finished.errors);
    assert_eq!(fs::read_to_string(&file)?, "[1]", "a file that is no snapshot is not overwritten");
    Ok(())
}

#[tokio::test]
async fn a_trigger_runs_at_an_interval_until_it_is_interrupted() -> Result<()> {
    let (_folder, file) = new_file()?;
    let arguments = ["exec", "--function", "count", "--snapshot", &file, "--interval", "1"];
    let mut command = Worker::start_command(program(), &arguments, &Environment::default())?;
    let third = |log: &[String]| log.iter().any(|line| line.starts_with(r#"{"input":3,"snapshot""#));
    command.log().wait_until("the third run", BOUND, third).await?;
    command.interrupt()?;
    assert_eq!(command.ended(BOUND).await?, Ended(0));
    let log = command.log().all();
    let runs = log.iter().filter(|line| line.contains(r#""snapshot":{"count":"#)).count();
    assert!((3..=4).contains(&runs), "{log:?}");
    assert_eq!(fs::read_to_string(&file)?, format!("{{\"count\":{runs}}}\n"));

    for (arguments, code, text) in [
        (&["--function", "count", "--interval", "0"][..], 2, "0 is not in 1..=86400"),
        (&["--function", "echo", "--interval", "1"], 1, "--interval needs the message as an argument"),
    ] {
        let finished = run(&[&["exec"][..], arguments].concat(), "").await?;
        assert_eq!(finished.ended, Ended(code));
        assert!(finished.errors.contains(text), "{}", finished.errors);
    }
    Ok(())
}

#[tokio::test]
async fn the_hooks_run_when_they_are_asked_for_and_hand_their_state_on() -> Result<()> {
    let (_folder, file) = new_file()?;
    let startup = ["exec", "--function", "count", "--startup"];
    let address = ["--webhook-uri", "https://flow.test/hook/1"];
    let finished = run(&[&startup[..], &address].concat(), "").await?;
    assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
    assert_eq!(finished.output, "{\"address\":\"https://flow.test/hook/1\"}\n");
    let without = run(&startup, "").await?;
    assert_eq!((without.ended, without.output.as_str()), (Ended(1), ""));
    assert!(without.errors.contains("the hook failed: There is no ELASTICIO_FLOW_WEBHOOK_URI."), "{}", without.errors);

    for (state, code, text) in [
        (finished.output.as_str(), 0, ""),
        ("{}", 1, "the hook failed: The state names no address."),
        ("address", 1, "is not JSON (line 1)"),
    ] {
        fs::write(&file, state)?;
        let finished = run(&["exec", "--function", "count", "--shutdown", &file], "").await?;
        assert_eq!((finished.ended, finished.output.as_str()), (Ended(code), ""), "{}", finished.errors);
        assert!(finished.errors.contains(text), "{}", finished.errors);
    }
    let finished = run(&[&startup[..], &[r#"{"body":{}}"#]].concat(), "").await?;
    assert_eq!(finished.ended, Ended(2), "a hook takes no message");
    Ok(())
}

#[tokio::test]
async fn help_and_completions_know_actions_and_triggers() -> Result<()> {
    for arguments in [&["exec", "--help"][..], &["completions", "bash"]] {
        let finished = run(arguments, "").await?;
        assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
        for name in ["echo", "count"] {
            let listed = finished.output.split(|char: char| !char.is_alphanumeric()).any(|word| word == name);
            assert!(listed, "{name} is not in: {}", finished.output);
        }
    }
    let finished = run(&["exec", "--function", "cuont"], "").await?;
    assert_eq!(finished.ended, Ended(2));
    assert!(finished.errors.contains("[possible values: echo, count]"), "{}", finished.errors);
    Ok(())
}
