//! `upsertItem`, `createItem` and `updateItem`: what they write, and that it can be read and written again.

use anyhow::Result;
use podio_sandbox::Api;
use serde_json::{Value, json};

use super::{LEADS, calls, live_stage, result, run, set_fields};
use crate::step::answers;

/// A value for every field of the app that takes one.
fn every_field() -> Value {
    json!({
        "title": "Acme Ltd", "stage": "won", "due": "2026-09-01T10:00:00+02:00", "notes": "<p>Hello</p>",
        "amount": { "amount": "12.50", "currency": "eur" }, "score": "42", "probability": 50, "effort": "3600",
        "hotline": "+49 30 1", "channels": ["Web", 1], "period": { "start": "2026-09-01", "end": "2026-09-03" },
        "address": "Kastanienallee 1, Berlin", "website": "https://example.com/a", "email": "ann@example.com",
        "phone": [{ "type": "mobile", "value": "+49 170 1" }], "company": 3_352_055_000_u64, "owner": 8_800_457,
        "labels": "red, blue", "satisfaction": "Happy",
    })
}

#[tokio::test]
async fn every_type_of_field_is_written_and_what_is_read_can_be_written_again() -> Result<()> {
    let stage = live_stage("items-every", json!({ "lookupCriteria": "externalId" })).await?;
    let body = json!({ "externalId": "crm-1", "fields": every_field(), "tags": "a,b" });
    let created = result(&stage, "upsertItem", body).await?;
    assert_eq!(
        (&created["created"], &created["title"], &created["otherItemIds"]),
        (&json!(true), &json!("Acme Ltd"), &json!([]))
    );

    let item = result(&stage, "lookupItem", json!({ "lookupValue": "crm-1" })).await?;
    let mut read = item["fieldsByName"].clone();
    let want = json!({
        "title": "Acme Ltd", "stage": "Won", "due": "2026-09-01T08:00:00Z", "notes": "<p>Hello</p>",
        "amount": { "amount": 12.5, "currency": "EUR" }, "score": 42, "probability": 50, "effort": 3600,
        "hotline": "+49 30 1", "channels": ["Web", "Fair"], "period": { "start": "2026-09-01", "end": "2026-09-03" },
        "address": "Kastanienallee 1, Berlin", "website": ["https://example.com/a"],
        "email": [{ "type": "work", "value": "ann@example.com" }], "phone": [{ "type": "mobile", "value": "+49 170 1" }],
        "company": [3_352_055_000_u64], "owner": [8_800_457], "labels": ["red", "blue"], "satisfaction": "Happy",
        "weighted": 12.5,
    });
    assert_eq!((&read, &item["tags"], &item["item_id"]), (&want, &json!(["a", "b"]), &created["item_id"]));

    // All but the calculation, which Podio makes.
    read.as_object_mut().map(|fields| fields.remove("weighted"));
    let updated = result(&stage, "upsertItem", json!({ "externalId": "crm-1", "fields": read })).await?;
    assert_eq!((&updated["created"], &updated["item_id"]), (&json!(false), &created["item_id"]));
    let again = result(&stage, "lookupItem", json!({ "lookupValue": "crm-1" })).await?;
    assert_eq!(again["fieldsByName"], want);
    assert_eq!(again["tags"], json!(["a", "b"]), "what the message does not give stays");
    stage.remove().await
}

#[tokio::test]
async fn an_empty_value_clears_its_field_and_an_item_is_found_by_a_number_or_a_text() -> Result<()> {
    let stage = live_stage("items-clear", json!({ "lookupCriteria": "field:score" })).await?;
    let body = json!({ "fields": { "score": 17, "title": "Acme", "email": "a@b.example", "stage": "New" } });
    let created = result(&stage, "upsertItem", body).await?;
    assert_eq!((&created["created"], created.get("otherItemIds")), (&json!(true), None));
    let cleared =
        result(&stage, "upsertItem", json!({ "fields": { "score": 17, "stage": null, "title": "" } })).await?;
    assert_eq!((&cleared["created"], &cleared["item_id"]), (&json!(false), &created["item_id"]));

    set_fields(&stage, json!({ "lookupCriteria": "field:email" }));
    let by_mail = json!({ "fields": { "email": "a@b.example", "title": "By mail" }, "externalId": "crm-9" });
    let found = result(&stage, "updateItem", by_mail).await?;
    assert_eq!(found["item_id"], created["item_id"]);
    set_fields(&stage, json!({ "lookupCriteria": "itemId" }));
    let item = result(&stage, "lookupItem", json!({ "lookupValue": created["item_id"] })).await?;
    let fields = json!({ "score": 17, "title": "By mail", "email": [{ "type": "work", "value": "a@b.example" }] });
    assert_eq!((&item["fieldsByName"], &item["external_id"]), (&fields, &json!("crm-9")));
    stage.remove().await
}

#[tokio::test]
async fn a_second_item_with_the_same_external_id_is_reported() -> Result<()> {
    let stage = live_stage("items-twins", json!({ "lookupCriteria": "externalId" })).await?;
    // Two steps look for the item before either has created it.
    let absent = json!({ "status": 404, "json": { "error": "not_found" }, "times": 2 });
    let podio =
        json!({ format!("GET /item/app/{LEADS}/external_id/crm-1"): [absent, { "normal": true, "then": "normal" }] });
    stage.sandbox.add_answers(answers(podio, json!({}))?)?;
    let body = json!({ "externalId": "crm-1", "fields": { "title": "Acme" } });
    let emitted = run(&stage, "upsertItem", &[body.clone(), body], 2, 1).await?;
    let results: Vec<&Value> = emitted.iter().map(|emitted| &emitted.payload["body"]).collect();
    assert_eq!((&results[0]["created"], &results[0]["otherItemIds"]), (&json!(true), &json!([])));
    assert_eq!((&results[1]["created"], &results[1]["otherItemIds"]), (&json!(true), &json!([results[0]["item_id"]])));
    stage.remove().await
}

#[tokio::test]
async fn webhooks_and_notifications_can_be_kept_from_an_item_and_files_are_bound() -> Result<()> {
    let stage =
        live_stage("items-quiet", json!({ "lookupCriteria": "externalId", "suppressHooks": true, "silent": "true" }))
            .await?;
    let body = json!({ "externalId": "crm-1", "fields": { "title": "Acme" }, "fileIds": [] });
    result(&stage, "upsertItem", body.clone()).await?;
    result(&stage, "upsertItem", body).await?;
    let written: Vec<String> = stage
        .calls(Api::Podio)
        .into_iter()
        .filter(|call| call.path.contains("hook="))
        .map(|call| format!("{} {}", call.method, call.path))
        .collect();
    assert_eq!(written.len(), 2, "{written:?}");
    assert!(written.iter().all(|call| call.ends_with("?hook=false&silent=true")), "{written:?}");

    stage.sandbox.clear_calls();
    set_fields(&stage, json!({}));
    result(&stage, "createItem", json!({ "fields": { "title": "Beta" } })).await?;
    assert_eq!(calls(&stage), ["GET /app/{id}", "POST /item/app/{id}/"]);
    stage.remove().await
}
