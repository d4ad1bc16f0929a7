//! The variables, and how leniently they are read.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use podio_sandbox::Api;
use podio_test_support::{Ended, Finished, Proxy, Stage, TestMessage, Worker, run_to_end};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, program, stage, stop};

const STEP_DATA: &str = "GET /v1/tasks/flow1/steps/step_2";
/// The variables that every start needs.
const ALWAYS: [&str; 11] = [
    "FLOW_ID",
    "EXEC_ID",
    "STEP_ID",
    "CONTAINER_ID",
    "WORKSPACE_ID",
    "USER_ID",
    "COMP_ID",
    "FUNCTION",
    "API_URI",
    "API_USERNAME",
    "API_KEY",
];
/// The variables that processing messages needs.
const FOR_MESSAGES: [&str; 9] = [
    "AMQP_URI",
    "LISTEN_MESSAGES_ON",
    "PUBLISH_MESSAGES_TO",
    "DATA_ROUTING_KEY",
    "ERROR_ROUTING_KEY",
    "REBOUND_ROUTING_KEY",
    "SNAPSHOT_ROUTING_KEY",
    "MESSAGE_CRYPTO_IV",
    "MESSAGE_CRYPTO_PASSWORD",
];

async fn usual_stage(label: &str) -> Result<Stage> {
    stage(label, oauth_config(), json!({ "GET /user": [{ "json": { "user_id": 1 } }] }), json!({})).await
}

/// The line that names the missing variables; there must be only one.
fn complaint(finished: &Finished) -> Result<String> {
    let all = format!("{}\n{}", finished.output, finished.errors);
    let mut lines = all.lines().filter(|line| line.contains("ELASTICIO_"));
    let line = lines.next().with_context(|| format!("no variable is named:\n{all}"))?;
    ensure!(lines.next().is_none(), "more than one line:\n{all}");
    Ok(line.to_owned())
}

fn names(line: &str, name: &str) -> bool {
    line.contains(&format!("ELASTICIO_{name}:"))
}

#[tokio::test]
async fn every_missing_variable_is_named_in_one_line() -> Result<()> {
    let bare = run_to_end(program(), &[] as &[&str], &[], "", BOUND).await?;
    assert_eq!(bare.ended, Ended(1));
    let line = complaint(&bare)?;
    for name in ALWAYS.iter().chain(&FOR_MESSAGES) {
        assert!(names(&line, name), "{name} is not named: {line}");
    }

    let hook = run_to_end(program(), &[] as &[&str], &[("ELASTICIO_HOOK_SHUTDOWN", "1")], "", BOUND).await?;
    assert_eq!(hook.ended, Ended(1));
    let line = complaint(&hook)?;
    assert!(ALWAYS.iter().all(|name| names(&line, name)), "{line}");
    assert!(!FOR_MESSAGES.iter().any(|name| names(&line, name)), "the hook needs no broker: {line}");
    Ok(())
}

#[tokio::test]
async fn at_a_terminal_each_problem_is_a_line_of_its_own_and_the_worker_introduces_itself() -> Result<()> {
    // A terminal for the program, from Debian's bsdutils.
    let program = program().to_str().context("UTF-8")?;
    let seen = run_to_end(Path::new("script"), &["-qec", program, "/dev/null"], &[], "", BOUND).await?;
    assert_eq!(seen.ended, Ended(1));
    let lines: Vec<&str> = seen.output.lines().map(str::trim_end).collect();
    for name in ALWAYS.iter().chain(&FOR_MESSAGES) {
        assert!(lines.contains(&&*format!("  ELASTICIO_{name}: is missing")), "{name}: {lines:#?}");
    }
    assert!(seen.output.contains("is the worker, which the platform starts"), "{lines:#?}");
    Ok(())
}

#[tokio::test]
async fn prefetch_limits_the_messages_in_flight() -> Result<()> {
    const SLOW_MS: u64 = 700;
    for (value, concurrent) in [("3 messages", 3), ("0", 1), ("many", 1), ("", 1)] {
        let podio = json!({ "GET /user": [{ "json": {}, "delay": 0.7 }] });
        let stage = stage("prefetch", oauth_config(), podio, json!({})).await?;
        for _ in 0..=concurrent {
            stage.send(&TestMessage::get("/user")).await?;
        }
        let environment = environment(&stage, 1).with("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", value);
        let mut worker = consuming_worker(&stage, &environment).await?;
        stage.results.wait_for(concurrent + 1, "results", BOUND).await?;
        stop(&mut worker, BOUND).await?;

        let calls: Vec<u64> = stage.calls(Api::Podio).iter().map(|call| call.at).collect();
        let first = calls.iter().min().context("a call to Podio")?;
        let together = calls.iter().filter(|at| **at < first + SLOW_MS).count();
        assert_eq!(together, concurrent, "prefetch {value:?}: {calls:?}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_flag_is_off_if_empty_or_false_and_otherwise_on() -> Result<()> {
    let stage = usual_stage("flags").await?;
    let cases = [("", 1), ("false", 1), ("0", 2), ("no", 2), ("true", 2)];
    for (value, _) in cases {
        let environment = environment(&stage, 1).with("ELASTICIO_AMQP_PERSISTENT_MESSAGES", value);
        let mut worker = consuming_worker(&stage, &environment).await?;
        let before = stage.results.count();
        stage.send(&TestMessage::get("/user")).await?;
        stage.results.wait_for(before + 1, "result", BOUND).await?;
        stop(&mut worker, BOUND).await?;
        assert_eq!(stage.left().await?, 0);
    }
    for ((value, mode), emitted) in cases.iter().zip(stage.emitted()?) {
        assert_eq!(emitted.properties["delivery_mode"], *mode, "AMQP_PERSISTENT_MESSAGES={value}");
    }
    stage.remove().await
}

#[tokio::test]
async fn calls_to_the_platform_are_retried_as_configured() -> Result<()> {
    let platform = json!({ STEP_DATA: [{ "status": 500, "json": {} }] });
    let stage = stage("api-retry", oauth_config(), json!({}), platform).await?;
    let environment = environment(&stage, 1)
        .with("ELASTICIO_API_REQUEST_RETRY_ATTEMPTS", "2")
        .with("ELASTICIO_API_REQUEST_RETRY_DELAY", "400");
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));

    let calls = stage.calls(Api::Platform);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[1].at >= calls[0].at + 400, "{calls:?}");
    stage.results.wait_for(1, "error message", BOUND).await?;
    assert_eq!(stage.emitted()?[0].routing_key, "error");
    stage.remove().await
}

#[tokio::test]
async fn a_broker_that_comes_up_late_is_reached() -> Result<()> {
    let stage = usual_stage("late-broker").await?;
    // The port is reserved, but nothing listens yet.
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let (late, up) = (socket.local_addr()?.to_string(), stage.proxy.address().to_string());
    let environment = environment(&stage, 1)
        .with("ELASTICIO_AMQP_RECONNECT_ATTEMPTS", "200")
        .with("ELASTICIO_AMQP_RECONNECT_TIMEOUT", "50");
    let uri = environment.variables().find(|(name, _)| *name == "ELASTICIO_AMQP_URI");
    let uri = uri.map(|(_, uri)| uri.replace(&up, &late)).context("the environment names a broker")?;
    let mut worker = Worker::start(program(), &environment.with("ELASTICIO_AMQP_URI", &uri))?;
    let attempts = |log: &[String]| log.iter().filter(|line| line.contains("trying again to reach the broker")).count();
    worker.log().wait_until("the fourth failed attempt", BOUND, |log| attempts(log) >= 4).await?;
    let late = Proxy::on(socket.listen(16)?, up)?;

    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    assert!(late.connections() >= 2, "one for consuming, one for publishing");
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn connecting_fails_after_the_configured_attempts() -> Result<()> {
    const WAIT: Duration = Duration::from_millis(500);
    let stage = usual_stage("no-broker-attempts").await?;
    let began = std::time::Instant::now();
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let environment = environment(&stage, 1)
        .with("ELASTICIO_AMQP_URI", &format!("amqp://{}", socket.local_addr()?))
        .with("ELASTICIO_AMQP_RECONNECT_ATTEMPTS", "2")
        .with("ELASTICIO_AMQP_RECONNECT_TIMEOUT", "500");
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    assert!(began.elapsed() >= WAIT, "it gave up after {:?}", began.elapsed());
    stage.remove().await
}

#[tokio::test]
async fn a_bare_slash_is_the_default_vhost_and_settings_kept_for_compatibility_have_no_effect() -> Result<()> {
    let stage = usual_stage("vhost").await?;
    let environment = environment(&stage, 1);
    let uri = environment.variables().find(|(name, _)| *name == "ELASTICIO_AMQP_URI");
    let uri = uri.and_then(|(_, uri)| Some(format!("{}/", uri.strip_suffix("/%2f")?)));
    let environment = environment
        .with("ELASTICIO_AMQP_URI", &uri.context("the tests' broker has the default vhost")?)
        .with("ELASTICIO_PROCESS_AMQP_DRAIN", "false")
        .with("ELASTICIO_COMPONENT_PATH", "/nowhere");
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.emitted()?[0].routing_key, "data");
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}
