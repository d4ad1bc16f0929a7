//! The figures: their names and labels, what moves them, and that there are few of them whatever comes.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use podio_test_support::{Environment, Stage, TestMessage, Worker, http_get, own_address, until};
use serde_json::{Value, json};

use crate::scrape::Figures;
use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// Every figure with its labels.
const FIGURES: &[(&str, &[&str])] = &[
    ("messaging_process_duration_seconds", &["messaging_destination_name", "outcome"]),
    ("messaging_client_consumed_messages_total", &[]),
    ("messaging_client_sent_messages_total", &["messaging_operation_name", "kind", "error_type"]),
    ("messaging_client_operation_duration_seconds", &["messaging_operation_name", "kind", "error_type"]),
    (
        "http_client_request_duration_seconds",
        &["peer", "http_request_method", "http_response_status_code", "url_template", "error_type"],
    ),
    ("podio_messages_in_flight", &[]),
    ("podio_prefetch", &[]),
    ("podio_bytes_in_flight", &[]),
    ("podio_memory_budget_bytes", &[]),
    ("podio_waits_seconds", &["reason"]),
    ("podio_rate_limit_remaining", &["pool"]),
    ("podio_rate_limit_limit", &["pool"]),
    ("podio_token_refreshes_total", &["outcome"]),
    ("podio_token_expires_timestamp_seconds", &[]),
    ("podio_redeliveries_total", &["action"]),
    ("podio_returned_messages_total", &[]),
    ("podio_reconnects_total", &[]),
    ("podio_broker_blocked", &[]),
    ("podio_connected", &[]),
    ("podio_spans_lost_total", &[]),
    ("podio_build_info", &["version", "revision"]),
    ("process_cpu_seconds_total", &[]),
    ("process_resident_memory_bytes", &[]),
    ("process_open_fds", &[]),
    ("process_start_time_seconds", &[]),
];

fn measured(stage: &Stage, prefetch: usize) -> (Environment, SocketAddr) {
    let address = own_address();
    (environment(stage, prefetch).with("PODIO_HTTP_ADDRESS", &address.to_string()), address)
}

/// Sends messages one by one, each to an outcome; `outcomes` counts those before.
async fn work_off(stage: &Stage, messages: &[TestMessage], outcomes: &mut usize) -> Result<()> {
    for message in messages {
        stage.send(message).await?;
        *outcomes += 1;
        stage.results.wait_for(*outcomes, "outcomes", BOUND).await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_figure_is_there_after_a_message_of_each_kind() -> Result<()> {
    let left = json!({ "x-rate-limit-limit": "5000", "x-rate-limit-remaining": "4832" });
    let podio = json!({
        "GET /user": [{ "json": {}, "headers": left }],
        "GET /item/1": [{ "status": 503, "json": {} }, { "json": {} }],
        "GET /item/2": [{ "status": 404, "json": {} }],
        "GET /item/3": [{ "status": 401, "json": {} }, { "json": {} }],
        "GET /item/4": [{ "status": 420, "json": {}, "headers": { "retry-after": "300" } }],
        "POST /oauth/token": [{ "json": { "access_token": "new-token", "refresh_token": "r", "expires_in": 28800 } }],
    });
    let stage = stage("every-figure", oauth_config(), podio, json!({})).await?;
    let (environment, address) = measured(&stage, 2);
    let environment = environment
        .with("PODIO_CLIENT_ID", "id")
        .with("PODIO_CLIENT_SECRET", "secret")
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", stage.sandbox.podio_url()));
    let mut worker = consuming_worker(&stage, &environment).await?;
    let path = |path: &str| TestMessage::get(path);
    let mut outcomes = 0;
    work_off(&stage, &["/user", "/item/1", "/item/2", "/item/3", "/user", "/item/4"].map(path), &mut outcomes).await?;
    let figures = until("the last outcome's figure", BOUND, async || {
        let figures = Figures::read(address).await?;
        let rebounded = figures.value("messaging_process_duration_seconds", &[("outcome", "rebounded")]) > 0;
        // The message is out of work just after its end is counted.
        Ok((rebounded && figures.value("podio_messages_in_flight", &[]) == 0).then_some(figures))
    })
    .await?;
    let missing: Vec<&str> =
        FIGURES.iter().filter(|(name, labels)| !figures.has(name, labels)).map(|(name, _)| *name).collect();
    assert!(missing.is_empty(), "{missing:?}:\n{}", figures.text);
    let own = figures.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let unknown: Vec<&str> =
        own.filter(|name| !name.starts_with("process_") && !FIGURES.iter().any(|(known, _)| known == name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for (name, labels, value) in [
        ("messaging_process_duration_seconds", &[("outcome", "acknowledged")][..], 4),
        ("messaging_process_duration_seconds", &[("outcome", "rejected")], 1),
        ("messaging_client_consumed_messages_total", &[], 6),
        ("messaging_client_sent_messages_total", &[("kind", "data"), ("error_type", "")], 4),
        ("messaging_client_sent_messages_total", &[("kind", "error")], 1),
        ("messaging_client_sent_messages_total", &[("kind", "rebound")], 1),
        ("http_client_request_duration_seconds", &[("peer", "podio"), ("url_template", "/item/*")], 6),
        ("http_client_request_duration_seconds", &[("peer", "podio"), ("http_response_status_code", "420")], 1),
        ("http_client_request_duration_seconds", &[("peer", "token_endpoint"), ("url_template", "/oauth/token")], 1),
        ("podio_waits_seconds", &[("reason", "retry")], 1),
        ("podio_rate_limit_limit", &[("pool", "general")], 5000),
        ("podio_rate_limit_remaining", &[("pool", "general")], 4832),
        ("podio_token_refreshes_total", &[("outcome", "refreshed")], 1),
        ("podio_prefetch", &[], 2),
        ("podio_messages_in_flight", &[], 0),
        ("podio_connected", &[], 1),
        ("podio_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1),
    ] {
        assert_eq!(figures.value(name, labels), value, "{name} {labels:?}:\n{}", figures.text);
    }
    assert!(figures.value("podio_token_expires_timestamp_seconds", &[]) > 1_700_000_000, "{}", figures.text);
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn snapshots_replies_and_what_no_queue_takes_are_counted() -> Result<()> {
    let stage = Stage::set("figures-of-kinds", &["data".to_owned()]).await?;
    stage.sandbox.set_step(&json!({ "config": oauth_config(), "snapshot": {} }));
    let address = own_address();
    let environment =
        environment(&stage, 1).with("ELASTICIO_FUNCTION", SCRIPTED).with("SCRIPTED_HTTP_ADDRESS", &address.to_string());
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    let script = json!([{ "snapshot": { "seen": 1 } }, { "httpReply": "hello" }]);
    stage.bind("reply").await?;
    stage.send(&scripted_message(&script).with_header("reply_to", json!("reply"))).await?;
    stage.results.wait_for(2, "the snapshot and the reply", BOUND).await?;
    stage.send(&scripted_message(&json!([{ "data": "nowhere" }]))).await?;
    let value = async |name: &str, labels: &[(&str, &str)]| {
        Ok::<_, anyhow::Error>(Figures::read(address).await?.value(name, labels))
    };
    let returned = async || Ok((value("scripted_returned_messages_total", &[]).await? > 0).then_some(()));
    until("a returned message", BOUND, returned).await?;
    stage.bind("data").await?;
    stage.results.wait_for(3, "the result", BOUND).await?;
    for kind in ["snapshot", "reply", "data"] {
        let labels = [("messaging_operation_name", "publish"), ("kind", kind), ("error_type", "")];
        assert!(value("messaging_client_operation_duration_seconds", &labels).await? > 0, "{kind}");
    }
    let again = [("kind", "data"), ("error_type", "returned")];
    assert!(value("messaging_client_sent_messages_total", &again).await? > 0);
    assert!(value("scripted_waits_seconds", &[("reason", "publish_retry")]).await? > 0);
    worker.stop().await?;
    stage.remove().await
}

#[tokio::test]
async fn a_redelivery_is_counted_by_what_became_of_it() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": {}, "delay": 2.0 }] });
    let stage = stage("figures-redelivery", oauth_config(), podio, json!({})).await?;
    let (environment, address) = measured(&stage, 1);
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    crate::step::wait_for_podio_calls(&stage, 1).await?;
    stage.proxy.cut();
    let joined = async || {
        let figures = Figures::read(address).await?;
        let reconnected = figures.value("podio_reconnects_total", &[]) == 2;
        Ok((reconnected && figures.value("podio_redeliveries_total", &[("action", "joined")]) == 1).then_some(()))
    };
    until("the redelivery", BOUND, joined).await?;
    stage.results.wait_for(1, "the result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn ten_thousand_paths_are_few_labels() -> Result<()> {
    const PATHS: usize = 10_000;
    let stage = stage("figures-labels", oauth_config(), json!({}), json!({})).await?;
    let (environment, address) = measured(&stage, 100);
    let environment = environment.with("LOG_LEVEL", "error").with("ELASTICIO_NO_ERROR_REPLIES", "true");
    stage.drop_rejected().await?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    let words = ["item", "app", "space", "user", "task", "file", "view", "org"];
    for n in 0..PATHS {
        // Words of Podio's in thousands of orders, and ids beside them.
        let word = |at: u32| words[n / words.len().pow(at) % words.len()];
        let path = format!("/{}/{n}/{}/{}/{}/x{n}", word(0), word(1), word(2), word(3));
        stage.send(&TestMessage::get(&path)).await?;
    }
    stage.results.wait_for(PATHS, "errors", BOUND * 6).await?;
    let figures = Figures::read(address).await?;
    let templates = figures.values("http_client_request_duration_seconds", "url_template");
    assert!(templates.len() <= 129 && templates.contains(&"other"), "{}", templates.len());
    assert!(!figures.text.contains("/x1"), "an id is in the figures");
    assert!(figures.text.lines().count() < 5000, "{} lines", figures.text.lines().count());
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn without_an_address_nothing_listens() -> Result<()> {
    let stage = stage("no-figures", oauth_config(), json!({ "GET /user": [{ "json": {} }] }), json!({})).await?;
    let mut worker: Worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let id = worker.id().context("the worker's id")?;
    let mut listening: Vec<Value> = Vec::new();
    for table in ["tcp", "tcp6"] {
        let sockets = std::fs::read_to_string(format!("/proc/{id}/net/{table}"))?;
        let own: Vec<String> = std::fs::read_dir(format!("/proc/{id}/fd"))?
            .filter_map(|fd| Some(std::fs::read_link(fd.ok()?.path()).ok()?.display().to_string()))
            .collect();
        // State 0A is LISTEN; the tenth column is the socket's inode.
        let rows = sockets.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        let rows = rows.filter(|row| row.get(3) == Some(&"0A"));
        listening.extend(
            rows.filter_map(|row| row.get(9).map(|inode| format!("socket:[{inode}]")))
                .filter(|inode| own.contains(inode))
                .map(Value::from),
        );
    }
    assert!(listening.is_empty(), "{listening:?}");
    stop(&mut worker, BOUND).await?;
    assert!(http_get(own_address(), "/metrics").await.is_err(), "the test's own client tells no answer");
    stage.remove().await
}
