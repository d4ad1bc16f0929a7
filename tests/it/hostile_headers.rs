//! Headers that a client library cannot read, or that are larger than its frames: one message's trouble stays its own.

use anyhow::Result;
use podio_test_support::{RawPublisher, Stage, TestMessage, Worker};
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// The flag of the headers among the properties, and of the content type.
const HEADERS: u16 = 1 << 13;
const CONTENT_TYPE: u16 = 1 << 15;
const MESSAGE_ID: u16 = 1 << 7;

/// How many readable messages follow the hostile one.
const BEHIND: usize = 8;

async fn hostile(label: &str) -> Result<Stage> {
    stage(label, oauth_config(), json!({ "GET /user": [{ "json": { "user_id": 1 } }] }), json!({})).await
}

async fn send_behind(stage: &Stage) -> Result<()> {
    for _ in 0..BEHIND {
        stage.send(&TestMessage::get("/user")).await?;
    }
    Ok(())
}

/// Connections have stayed as they were, and the worker ends in order.
async fn undisturbed(stage: &Stage, worker: &mut Worker) -> Result<()> {
    assert_eq!(stage.proxy.connections(), 2, "{}", worker.log().all().join("\n"));
    stop(worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    Ok(())
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("short").to_be_bytes()
}

fn table(fields: &[u8]) -> Vec<u8> {
    [&length(fields.len())[..], fields].concat()
}

/// Values of this kind (`F` or `A`), one in the other, as deep as a header frame of the broker's size allows.
fn nested(kind: u8, depth: usize) -> Vec<u8> {
    let step: usize = if kind == b'F' { 6 } else { 5 };
    let mut bytes = Vec::with_capacity(depth * step + 8);
    // From the outermost in: each level has a name (in a table), its kind and the length of what is in it.
    for level in 0..depth {
        let inner = (depth - level - 1) * step;
        if kind == b'F' || level == 0 {
            bytes.push(0);
        }
        bytes.push(kind);
        bytes.extend_from_slice(&length(inner));
    }
    table(&bytes)
}

#[tokio::test]
async fn headers_larger_than_16_kib_are_processed_like_any_other() -> Result<()> {
    let stage = hostile("large-headers").await?;
    for (name, size) in [("x-eio-meta-big", 17_000), ("other", 60_000), ("x-eio-meta-big", 100_000)] {
        stage.send(&TestMessage::get("/user").with_header(name, json!("v".repeat(size)))).await?;
    }
    send_behind(&stage).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.results.wait_for(3 + BEHIND, "results", BOUND).await?;
    undisturbed(&stage, &mut worker).await?;
    let emitted = stage.emitted()?;
    assert!(emitted.iter().all(|emitted| emitted.routing_key == "data"));
    let size = |index: usize| emitted[index].text_header("x-eio-meta-big").map(str::len);
    assert_eq!((size(0), size(1), size(2)), (Some(17_000), None, Some(100_000)));
    assert_eq!(stage.rejected.count(), 0);
    stage.remove().await
}

#[tokio::test]
async fn headers_that_leave_no_room_for_the_results_are_an_error_before_podio_is_called() -> Result<()> {
    let stage = hostile("full-headers").await?;
    // As a dead letter its headers would be larger than a frame of the test's own connection.
    stage.drop_rejected().await?;
    let size = 131_072 - 300;
    stage.send(&TestMessage::get("/user").with_header("x-eio-meta-big", json!("v".repeat(size)))).await?;
    send_behind(&stage).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.results.wait_for(1 + BEHIND, "outcomes", BOUND).await?;
    undisturbed(&stage, &mut worker).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted[0].routing_key, "error");
    let text = emitted[0].error_message()?;
    assert!(text.contains("headers have") && text.contains("frame_max") && text.contains("x-eio-meta"), "{text}");
    assert_eq!(crate::step::count(&stage.calls(podio_sandbox::Api::Podio), "GET", "/user"), BEHIND);
    stage.remove().await
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_read_lossily() -> Result<()> {
    let stage = hostile("not-utf-8").await?;
    let message = TestMessage::get("/user");
    let mut raw = RawPublisher::connect(stage.broker_url()).await?;
    let input = stage.names().input.clone();
    raw.publish(&input, CONTENT_TYPE, b"\x03a\xFFb", message.body()).await?;
    raw.publish(&input, MESSAGE_ID, b"\x02\xC3(", message.body()).await?;
    let named = table(&[&b"\x0Dx-eio-meta-\xFEz"[..], b"S", &length(1), b"v"].concat());
    raw.publish(&input, HEADERS, &named, message.body()).await?;
    send_behind(&stage).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.results.wait_for(3 + BEHIND, "results", BOUND).await?;
    undisturbed(&stage, &mut worker).await?;
    assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"));
    stage.remove().await
}

#[tokio::test]
async fn headers_nested_as_deep_as_the_broker_takes_are_rejected_and_nothing_else() -> Result<()> {
    let stage = hostile("deep-headers").await?;
    stage.drop_rejected().await?;
    let message = TestMessage::get("/user");
    let mut raw = RawPublisher::connect(stage.broker_url()).await?;
    let input = stage.names().input.clone();
    for (kind, depth) in [(b'F', 2_200), (b'A', 4_000), (b'F', 21_000), (b'A', 26_000)] {
        raw.publish(&input, HEADERS, &nested(kind, depth), message.body()).await?;
    }
    send_behind(&stage).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 5)).await?;
    stage.results.wait_for(BEHIND, "results", BOUND).await?;
    let rejected =
        |log: &[String]| log.iter().filter(|line| line.contains("nested deeper than 64 levels")).count() == 4;
    worker.log().wait_until("four rejections", BOUND, rejected).await?;
    undisturbed(&stage, &mut worker).await?;
    assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"));
    stage.remove().await
}

#[tokio::test]
async fn a_routing_key_that_is_not_utf_8_is_read_lossily() -> Result<()> {
    let stage = hostile("key-not-utf-8").await?;
    let message = TestMessage::get("/user");
    let mut raw = RawPublisher::connect(stage.broker_url()).await?;
    let exchange = stage.bind_input_to_everything().await?;
    raw.publish_to(&exchange, b"k\xFF\xFE", 0, b"", message.body()).await?;
    send_behind(&stage).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    stage.results.wait_for(1 + BEHIND, "results", BOUND).await?;
    undisturbed(&stage, &mut worker).await?;
    stage.remove().await
}
