//! An app that changes while a step runs: its definition is fetched again once, when there is a sign of it.

use anyhow::Result;
use podio_test_support::{TestMessage, until};
use serde_json::{Value, json};

use super::{calls, live_stage};
use crate::step::{BOUND, consuming_worker, environment, stop};

/// An app of the sandbox whose definition the test sets.
const OWN: u64 = 30_816_050;

fn app(fields: &Value) -> Value {
    json!({ "space_id": 2_720_001, "config": { "name": "Own" }, "fields": fields })
}

fn stage_field(options: &Value) -> Value {
    let settings = json!({ "multiple": false, "options": options });
    json!({ "field_id": 2, "external_id": "stage", "type": "category", "label": "Stage", "config": { "settings": settings } })
}

#[tokio::test]
async fn what_podio_refuses_is_tried_once_more_with_the_app_as_it_is_now() -> Result<()> {
    let stage = live_stage("changed-app", json!({ "app": OWN })).await?;
    let define = |fields: Value| stage.sandbox.define_app(OWN, &app(&fields)).map_err(anyhow::Error::msg);
    let title = json!({ "field_id": 1, "external_id": "title", "type": "text", "label": "Title" });
    define(json!([title, stage_field(&json!([{ "id": 1, "text": "Won", "status": "active" }]))]))?;
    let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", "createItem");
    let mut worker = consuming_worker(&stage, &environment).await?;
    let mut emits = 0;
    let mut send = async |fields: Value| {
        emits += 1;
        stage.send(&TestMessage::new(&json!({ "body": { "fields": fields } }))).await?;
        stage.results.wait_for(emits, "emit", BOUND).await?;
        let emitted = stage.emitted()?.pop();
        anyhow::Ok((emitted.map(|emitted| emitted.payload).unwrap_or_default(), calls(&stage)))
    };
    let (first, called) = send(json!({ "title": "Acme", "stage": "Won" })).await?;
    assert_eq!((&first["body"]["created"], called), (&json!(true), owned(&["GET /app/{id}", "POST /item/app/{id}/"])));
    let (_, called) = send(json!({ "title": "Acme", "stage": "Won" })).await?;
    assert_eq!(called, ["POST /item/app/{id}/"], "the definition is known");

    // The option has another id now: what fits the old definition is refused.
    define(json!([
        title,
        stage_field(&json!([
            { "id": 1, "text": "Won", "status": "deleted" }, { "id": 2, "text": "Won", "status": "active" },
        ]))
    ]))?;
    let (again, called) = send(json!({ "title": "Acme", "stage": "Won" })).await?;
    assert_eq!(again["body"]["created"], true, "{again}");
    assert_eq!(called, ["POST /item/app/{id}/", "GET /app/{id}", "POST /item/app/{id}/"]);

    // A field is gone: the error is the component's, which names it.
    define(json!([title]))?;
    let (gone, called) = send(json!({ "title": "Acme", "stage": "Won" })).await?;
    let message = gone["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("\"stage\" is no field of the app, which has title"), "{gone}");
    assert_eq!(called, ["POST /item/app/{id}/", "GET /app/{id}"]);

    // A value that does not fit is no reason to ask again: the definition is young.
    let (_, called) = send(json!({ "nope": 1 })).await?;
    assert_eq!(called, Vec::<String>::new());
    until("the queue", BOUND, async || Ok((stage.waiting().await? == 0).then_some(()))).await?;
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

fn owned(calls: &[&str]) -> Vec<String> {
    calls.iter().map(|call| (*call).to_owned()).collect()
}
