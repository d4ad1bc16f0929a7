//! Traces: one from the message that came in to what is published, and no harm from a receiver that is down.

use anyhow::{Context, Result};
use podio_sandbox::Span;
use podio_test_support::{OtlpReceiver, TestMessage, http_get, own_address, until};
use serde_json::{Value, json};

use crate::scrape::Figures;
use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
/// Kinds of spans in OTLP.
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

fn parent() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

#[tokio::test]
async fn one_trace_leads_from_the_message_to_what_is_published() -> Result<()> {
    let podio = json!({ "GET /item/4711": [{ "status": 503, "json": {} }, { "json": { "secret": "answer" } }] });
    let stage = stage("trace", oauth_config(), podio, json!({})).await?;
    let receiver = OtlpReceiver::start().await?;
    let environment = environment(&stage, 1).with("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url());
    let mut worker = consuming_worker(&stage, &environment).await?;
    let message = TestMessage::get("/item/4711?token=secret-query").with_header("traceparent", json!(parent()));
    stage.send(&message).await?;
    stage.results.wait_for(1, "the result", BOUND).await?;
    // A stop exports what is left.
    stop(&mut worker, BOUND).await?;
    let whole = |spans: &[Span]| spans.iter().filter(|span| span.trace == TRACE).count() >= 4;
    let spans = receiver.spans().wait_until("the spans", BOUND, whole).await?;
    let spans: Vec<&Span> = spans.iter().filter(|span| span.trace == TRACE).collect();
    let of = |kind| -> Vec<&Span> { spans.iter().filter(|span| span.kind == kind).copied().collect() };

    let (process, calls, publishes) = (of(CONSUMER), of(CLIENT), of(PRODUCER));
    assert_eq!((spans.len(), process.len(), calls.len(), publishes.len()), (4, 1, 2, 1), "{spans:#?}");
    let process = process[0];
    assert_eq!(process.name, format!("process {}", stage.names().input));
    assert_eq!((process.parent.as_str(), process.service.as_str()), (PARENT, "podio-component"));
    assert_eq!(process.attribute("messaging.message.id"), message.message_id());
    assert_eq!(process.attribute("messaging.message.conversation_id"), Some("thread1"));
    assert_eq!(process.attribute("outcome"), Some("acknowledged"));
    let waits: Vec<_> = process.events.iter().filter(|(name, _)| name == "wait").collect();
    assert!(matches!(&waits[..], [(_, attributes)] if attributes[0].1 == "retry"), "{:?}", process.events);
    for (call, (count, status)) in calls.iter().zip([("0", "503"), ("1", "200")]) {
        assert_eq!((call.name.as_str(), call.parent.as_str()), ("GET /item/*", process.id.as_str()));
        assert_eq!(call.attribute("http.request.resend_count"), Some(count));
        assert_eq!(call.attribute("http.response.status_code"), Some(status));
    }
    let exchange = &stage.names().exchange;
    assert_eq!(publishes[0].name, format!("publish {exchange}:data"));
    assert_eq!(publishes[0].parent, process.id);
    assert_eq!(publishes[0].attribute("messaging.rabbitmq.destination.routing_key"), Some("data"));

    let emitted = stage.emitted()?.pop().context("the result")?;
    let carried = format!("00-{TRACE}-{}-01", publishes[0].id);
    assert_eq!(emitted.text_header("traceparent"), Some(carried.as_str()));
    let bodies = receiver.bodies().concat();
    for content in ["4711", "secret", "access-token"] {
        assert!(!String::from_utf8_lossy(&bodies).contains(content), "{content} is in the traces");
    }
    stage.remove().await
}

#[tokio::test]
async fn the_sandbox_shows_a_trace_to_whoever_has_no_collector() -> Result<()> {
    let stage = stage("trace-sandbox", oauth_config(), json!({ "GET /user": [{ "json": {} }] }), json!({})).await?;
    let podio = stage.sandbox.podio_url();
    let environment = environment(&stage, 1).with("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("{podio}/_sandbox/otlp"));
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user").with_header("traceparent", json!(parent()))).await?;
    stage.results.wait_for(1, "the result", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let address = podio.trim_start_matches("http://").parse()?;
    let shown = until("the trace", BOUND, async || {
        let view: Value = serde_json::from_str(&http_get(address, "/_sandbox/state").await?.1)?;
        let spans = view["spans"].as_array().context("spans")?;
        let spans: Vec<Value> = spans.iter().filter(|span| span["trace"] == TRACE).cloned().collect();
        Ok((spans.len() == 3).then_some(spans))
    })
    .await?;
    let tree: Vec<String> = shown.iter().map(|span| format!("{} {}", span["depth"], span["name"])).collect();
    let (input, exchange) = (&stage.names().input, &stage.names().exchange);
    assert_eq!(
        tree,
        [format!("0 \"process {input}\""), "1 \"GET /user\"".to_owned(), format!("1 \"publish {exchange}:data\""),]
    );
    stage.remove().await
}

#[tokio::test]
async fn without_export_a_trace_passes_as_it_came_and_none_begins() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": {} }] });
    let stage = stage("trace-passes", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let traced = TestMessage::get("/user").with_header("traceparent", json!(parent()));
    stage.send(&traced.with_header("tracestate", json!("vendor=1"))).await?;
    stage.results.wait_for(1, "the result", BOUND).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(2, "both results", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    assert_eq!(emitted[0].text_header("traceparent"), Some(parent().as_str()));
    assert_eq!(emitted[0].text_header("tracestate"), Some("vendor=1"));
    assert_eq!((emitted[1].text_header("traceparent"), emitted[1].text_header("tracestate")), (None, None));
    stage.remove().await
}

#[tokio::test]
async fn a_receiver_that_is_down_is_said_once_and_holds_nothing_up() -> Result<()> {
    const MESSAGES: usize = 3000;
    let stage = stage("trace-down", oauth_config(), json!({ "GET /user": [{ "json": {} }] }), json!({})).await?;
    let (nowhere, figures) = (own_address(), own_address());
    let environment = environment(&stage, 20)
        .with("LOG_LEVEL", "warn")
        .with("PODIO_HTTP_ADDRESS", &figures.to_string())
        .with("OTEL_BSP_SCHEDULE_DELAY", "200")
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{nowhere}"));
    let mut worker = consuming_worker(&stage, &environment).await?;
    for _ in 0..MESSAGES {
        stage.send(&TestMessage::get("/user")).await?;
    }
    stage.results.wait_for(MESSAGES, "results", BOUND * 3).await?;
    let lost = async || {
        let figures = Figures::read(figures).await?;
        Ok((figures.value("podio_spans_lost_total", &[]) > 0).then_some(()))
    };
    until("lost spans", BOUND, lost).await?;
    let said = |log: &[String]| log.iter().filter(|line| line.contains("traces cannot be exported")).count();
    assert_eq!(said(&worker.log().all()), 1, "{:#?}", worker.log().all());

    let receiver = OtlpReceiver::on(nowhere).await?;
    stage.send(&TestMessage::get("/user")).await?;
    receiver.spans().wait_for(1, "a span", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(said(&worker.log().all()), 1, "{:#?}", worker.log().all());
    stage.remove().await
}
