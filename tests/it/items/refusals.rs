//! What is wrong with a message or a step is said in words that name it, and nothing is written.

use anyhow::Result;
use serde_json::{Value, json};

use super::{calls, error, live_stage, result, set_fields};

#[tokio::test]
async fn every_value_that_does_not_fit_is_named_and_nothing_is_called() -> Result<()> {
    let stage = live_stage("items-unfit", json!({ "lookupCriteria": "externalId" })).await?;
    let fields = json!({
        "stage": "Opne", "due": "soon", "amount": 12, "score": "many", "probability": 101, "effort": -1,
        "channels": ["Web", "TV"], "period": { "start": "2026-09-02", "end": "2026-09-01" }, "website": "example.com",
        "email": "ann", "phone": { "type": "pager", "value": "1" }, "company": "Acme", "owner": 0, "photo": "a.png",
        "labels": { "a": 1 }, "weighted": 5, "campaign": "x", "history": 1, "Title": "Acme",
    });
    let body = json!({ "externalId": ["x"], "revision": "new", "fields": fields });
    let (message, code) = error(&stage, "upsertItem", body).await?;
    for part in [
        "21 values do not fit the app \"Leads\"",
        "nothing was sent",
        "\"Stage\" (stage) must be an option of the field",
        "\"Due\" (due) must be a date such as 2026-09-01",
        "\"Amount\" (amount) must be an object with \"amount\" and \"currency\", one of USD, EUR, but it is 12;",
        "\"Channels\" (channels) must be an option",
        "\"Period\" (period) must be a span that does not end before it starts",
        "\"Email\" (email) must be an e-mail address, but it is \"ann\"",
        "\"Phone\" (phone) must be a type of the field: mobile,",
        "\"Company\" (company) must be an item's id",
        "\"Campaign\" (campaign) is no longer active",
        "\"Weighted amount\" (weighted) takes no value",
        "and 1 more.",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(code, "invalid_input");
    assert_eq!(calls(&stage), ["GET /app/{id}"]);
    stage.remove().await
}

#[tokio::test]
async fn what_a_lookup_cannot_decide_is_an_error() -> Result<()> {
    let stage = live_stage("items-undecided", json!({})).await?;
    let item = |title: &str| json!({ "fields": { "title": title, "stage": "New" } });
    let first = result(&stage, "createItem", item("Acme")).await?;
    let second = result(&stage, "createItem", item("Acme")).await?;
    result(&stage, "createItem", item("Acme Ltd")).await?;
    for (criteria, function, body, code, part) in [
        ("field:stage", "upsertItem", item("Beta"), "conflict", "Several items of the app \"Leads\""),
        ("field:title", "upsertItem", item("Acme"), "conflict", "have the same value of \"Title\" (title)"),
        ("field:title", "upsertItem", json!({ "fields": {} }), "invalid_input", "no value for \"Title\" (title)"),
        ("externalId", "upsertItem", item("Beta"), "invalid_input", "no value for \"externalId\""),
        ("externalId", "updateItem", json!({ "externalId": "nope" }), "not_found", "No item of the app \"Leads\""),
        ("itemId", "updateItem", json!({ "fields": {} }), "invalid_input", "no \"itemId\""),
        ("itemId", "updateItem", json!({ "itemId": 5 }), "not_found", "has no item 5, or it was deleted"),
        ("field:photo", "upsertItem", item("Beta"), "invalid_input", "by which Podio finds no items"),
        ("field:campaign", "upsertItem", item("Beta"), "invalid_input", "is not an active field"),
        ("externalId", "lookupItem", json!({}), "invalid_input", "no \"lookupValue\""),
        ("externalId", "lookupItem", json!({ "lookupValue": "nope" }), "not_found", "has the External ID \"nope\""),
        ("itemId", "lookupItem", json!({ "lookupValue": "x" }), "invalid_input", "must be a whole number"),
    ] {
        set_fields(&stage, json!({ "lookupCriteria": criteria }));
        let (message, got) = error(&stage, function, body).await?;
        assert!(message.contains(part) && got == code, "{criteria} {function}: {got} {message}");
    }
    let (message, _) = error_by_title(&stage).await?;
    for item in [first, second] {
        assert!(message.contains(&item["item_id"].to_string()), "{message}");
    }
    stage.remove().await
}

async fn error_by_title(stage: &podio_test_support::Stage) -> Result<(String, String)> {
    set_fields(stage, json!({ "lookupCriteria": "field:title" }));
    error(stage, "lookupItem", json!({ "lookupValue": "Acme" })).await
}

#[tokio::test]
async fn an_app_that_is_not_there_or_not_permitted_is_an_error() -> Result<()> {
    let stage = live_stage("items-no-app", json!({})).await?;
    for (app, code, part) in [
        (json!(30_816_003), "forbidden", "The credential may not see the app 30816003"),
        (json!(99_999_999), "not_found", "Podio has no app 99999999"),
        (json!("Leads"), "invalid_input", "The step's App (app) must be the id"),
        (Value::Null, "invalid_input", "The step's App is not chosen"),
    ] {
        set_fields(&stage, json!({ "app": app }));
        let (message, got) = error(&stage, "createItem", json!({ "fields": {} })).await?;
        assert!(message.contains(part) && got == code, "{app}: {got} {message}");
    }
    stage.remove().await
}

#[tokio::test]
async fn a_stale_revision_is_an_error_that_says_so() -> Result<()> {
    let stage = live_stage("items-stale", json!({ "lookupCriteria": "externalId" })).await?;
    let body = |revision: Value| json!({ "externalId": "crm-1", "revision": revision, "fields": { "title": "Acme" } });
    let created = result(&stage, "upsertItem", body(Value::Null)).await?;
    let changed = result(&stage, "upsertItem", body(created["revision"].clone())).await?;
    assert_ne!(changed["revision"], created["revision"]);
    let (message, code) = error(&stage, "upsertItem", body(created["revision"].clone())).await?;
    assert!(message.contains("somebody changed it in the meantime, and nothing was written"), "{message}");
    assert_eq!(code, "conflict");
    stage.remove().await
}
