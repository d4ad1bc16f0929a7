//! AMQP headers of incoming and outgoing messages.

use anyhow::{Context, Result};
use lapin::types::{AMQPValue, FieldArray, FieldTable};
use podio_test_support::{Environment, Stage, TestMessage};
use serde_json::{Value, json};

use crate::scripted::{SCRIPTED, ScriptedWorker, scripted_message};
use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// A script that emits a snapshot, a result and an error.
fn one_of_each() -> Value {
    json!([{ "snapshot": {} }, { "data": 1 }, { "error": "e" }])
}

async fn setup(label: &str) -> Result<(Stage, Environment)> {
    let stage = stage(label, oauth_config(), json!({}), json!({})).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", SCRIPTED);
    Ok((stage, environment))
}

/// The routing key and headers of each published message, with AMQP types.
fn tables(stage: &Stage) -> Result<Vec<(String, FieldTable)>> {
    let all = stage.results.all();
    let tables = all.iter().map(|received| {
        let headers = received.delivery.properties.headers().clone();
        Ok((received.delivery.routing_key.to_string(), headers.context("no headers")?))
    });
    tables.collect()
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

#[tokio::test]
async fn listed_headers_are_passed_on_with_their_types_and_others_are_dropped() -> Result<()> {
    let (stage, environment) = setup("header-types").await?;
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    let long = 1_i64 << 40;
    let input = scripted_message(&one_of_each())
        .with_header("threadId", json!(7))
        .with_header("messageId", json!(long))
        .with_header("reply_to", json!("nobody"))
        .with_header("X-EIO-META-Flag", json!(true))
        .with_header("X-Eio-Meta-Count", json!(-12))
        .with_header("x-eio-meta-ratio", json!(1.5))
        .with_header("x-eio-meta-LIST", json!([1, "b", false]))
        .with_header("x-eio-meta-Table", json!({ "Inner": { "n": long } }))
        .with_header("x-eio-other", json!("dropped"))
        .with_header("traceparent", json!("passed on"))
        .with_header("baggage", json!("dropped"))
        .with_header("reboundReason", json!("dropped"));
    stage.send(&input).await?;
    stage.results.wait_for(3, "emits", BOUND).await?;
    worker.stop().await?;

    let mut inner = FieldTable::default();
    inner.insert("n".into(), AMQPValue::LongLongInt(long));
    let mut outer = FieldTable::default();
    outer.insert("Inner".into(), AMQPValue::FieldTable(inner));
    let list = vec![AMQPValue::LongInt(1), text("b"), AMQPValue::Boolean(false)];
    let expected = [
        ("threadId", AMQPValue::LongInt(7)),
        ("parentMessageId", AMQPValue::LongLongInt(long)),
        ("reply_to", text("nobody")),
        ("traceparent", text("passed on")),
        ("x-eio-meta-flag", AMQPValue::Boolean(true)),
        ("x-eio-meta-count", AMQPValue::LongInt(-12)),
        ("x-eio-meta-ratio", AMQPValue::Double(1.5)),
        ("x-eio-meta-list", AMQPValue::FieldArray(FieldArray::from(list))),
        ("x-eio-meta-table", AMQPValue::FieldTable(outer)),
    ];
    let dropped = ["x-eio-other", "baggage", "reboundReason", "X-EIO-META-Flag", "x-eio-meta-LIST"];
    let tables = tables(&stage)?;
    assert_eq!(tables.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["snapshot", "data", "error"]);
    for (key, table) in &tables {
        for (name, value) in &expected {
            assert_eq!(table.inner().get(*name), Some(value), "{name} of {key}");
        }
        for name in dropped {
            assert!(!table.contains_key(name), "{name} of {key}");
        }
        for name in ["start", "end"] {
            assert!(matches!(table.inner().get(name), Some(AMQPValue::LongLongInt(_))), "{name} of {key}");
        }
    }
    stage.remove().await
}

#[tokio::test]
async fn the_thread_id_is_passed_on_or_taken_from_the_trace_id_or_created() -> Result<()> {
    let (stage, environment) = setup("threads").await?;
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    let input = || scripted_message(&json!([{ "data": 1 }]));
    stage.send(&input().with_header("x-eio-meta-trace-id", json!("trace"))).await?;
    let traced = input().with_header("threadId", Value::Null).with_header("X-Eio-Meta-Trace-Id", json!("trace"));
    stage.send(&traced).await?;
    stage.send(&input().with_header("threadId", Value::Null)).await?;
    stage.send(&input().with_header("threadId", Value::Null)).await?;
    stage.results.wait_for(4, "results", BOUND).await?;
    worker.stop().await?;

    let emitted = stage.emitted()?;
    let threads: Vec<&str> = emitted.iter().filter_map(|emitted| emitted.text_header("threadId")).collect();
    assert_eq!(threads[..2], ["thread1", "trace"]);
    assert!(threads[2].parse::<uuid::Uuid>().is_ok() && threads[3].parse::<uuid::Uuid>().is_ok(), "{threads:?}");
    assert_ne!(threads[2], threads[3]);
    assert_eq!(emitted[1].text_header("x-eio-meta-trace-id"), Some("trace"));
    stage.remove().await
}

#[tokio::test]
async fn every_emit_identifies_its_origin() -> Result<()> {
    let (stage, environment) = setup("identity").await?;
    let worker = ScriptedWorker::start(&stage, &environment).await?;
    let input = scripted_message(&one_of_each());
    stage.send(&input).await?;
    stage.results.wait_for(3, "emits", BOUND).await?;
    worker.stop().await?;

    let emitted = stage.emitted()?;
    for emitted in &emitted {
        for (name, value) in [
            ("execId", "exec1"),
            ("taskId", "flow1"),
            ("workspaceId", "ws1"),
            ("containerId", "container1"),
            ("userId", "user1"),
            ("stepId", "step_2"),
            ("compId", "comp1"),
            ("function", SCRIPTED),
            ("threadId", "thread1"),
        ] {
            assert_eq!(emitted.text_header(name), Some(value), "{name} of {}", emitted.routing_key);
        }
        assert_eq!(emitted.text_header("parentMessageId"), input.message_id());
        assert!(emitted.headers["start"].as_i64() <= emitted.headers["end"].as_i64(), "{}", emitted.headers);
    }
    assert_eq!(emitted[1].text_header("messageId"), emitted[1].payload["id"].as_str());
    let error_id = emitted[2].text_header("messageId").context("an error has an id")?;
    assert!(error_id.parse::<uuid::Uuid>().is_ok(), "{error_id}");
    let versions: Vec<_> = emitted.iter().map(|emitted| emitted.headers.get("protocolVersion")).collect();
    assert_eq!(versions, [None, Some(&json!(1)), None], "on results only");
    stage.remove().await
}

#[tokio::test]
async fn additional_variables_become_headers_of_every_emit() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": {} }] });
    let stage = stage("additional", oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 1)
        .with("ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS", "ELASTICIO_FLOW_TYPE,OTHER_VAR,EMPTY_ONE,NOT_SET_AT_ALL")
        .with("ELASTICIO_FLOW_TYPE", "long running")
        .with("OTHER_VAR", "5")
        .with("EMPTY_ONE", "");
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.send(&TestMessage::get("/nothing")).await?;
    stage.results.wait_for(2, "emits", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    let emitted = stage.emitted()?;
    assert_eq!(emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect::<Vec<_>>(), ["data", "error"]);
    for emitted in &emitted {
        assert_eq!(emitted.text_header("flowType"), Some("long running"));
        assert_eq!(emitted.text_header("otherVar"), Some("5"));
        assert_eq!(emitted.text_header("emptyOne"), Some(""));
        assert_eq!(emitted.headers.get("notSetAtAll"), None);
    }
    stage.remove().await
}
