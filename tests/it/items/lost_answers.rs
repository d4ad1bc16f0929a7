//! Answers to new items that get lost: with an external id no second item is made.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::Stage;
use serde_json::{Value, json};

use super::{LEADS, error, live_stage, result, run};
use crate::step::answers;

/// Messages of each kind (`UPSERTS`, 200 without it), of which the answer to every tenth creation is lost.
fn messages() -> usize {
    std::env::var("UPSERTS").ok().and_then(|count| count.parse().ok()).unwrap_or(200)
}

/// Every tenth item is created and nobody is told.
fn lose_every_tenth(stage: &Stage) -> Result<()> {
    let tenth = json!([{ "normal": true, "times": 9 }, { "after": true, "reset": true, "then": "again" }]);
    let podio = json!({ format!("POST /item/app/{LEADS}/"): tenth });
    Ok(stage.sandbox.add_answers(answers(podio, json!({}))?)?)
}

/// How many items there are of each title.
async fn titles(stage: &Stage) -> Result<BTreeMap<String, usize>> {
    super::set_fields(stage, json!({ "pageSize": 500, "maxPages": 10 }));
    let found = result(stage, "lookupItems", json!({})).await?;
    let mut titles = BTreeMap::new();
    for item in found["results"].as_array().context("a list")? {
        *titles.entry(item["title"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    Ok(titles)
}

/// Upserts items whose answers get lost; returns how many calls created one, how many answers were lost, and how many
/// items there are too many.
async fn upserts(label: &str, fields: Value, item: impl Fn(usize) -> Value) -> Result<(usize, usize, usize)> {
    let (stage, messages) = (live_stage(label, fields).await?, messages());
    lose_every_tenth(&stage)?;
    let bodies: Vec<Value> = (0..messages).map(item).collect();
    let emitted = run(&stage, "upsertItem", &bodies, messages, 10).await?;
    let other = emitted.iter().find(|emitted| emitted.payload["body"]["created"] != true);
    assert!(other.is_none(), "{label}: {:?}", other.map(|emitted| &emitted.text));
    let path = format!("/item/app/{LEADS}/");
    let created: Vec<u16> =
        stage.calls(Api::Podio).iter().filter(|call| call.path == path).map(|call| call.status).collect();
    let lost = created.iter().filter(|status| **status == 0).count();
    let definitions = stage.calls(Api::Podio).iter().filter(|call| call.path == format!("/app/{LEADS}")).count();
    assert_eq!(definitions, 1, "ten messages at once need one call for the app's definition");
    let titles = titles(&stage).await?;
    let ours = titles.iter().filter(|(title, _)| title.starts_with("Item "));
    let duplicates = ours.clone().map(|(_, count)| count - 1).sum();
    assert_eq!(ours.count(), messages, "an item is missing");
    stage.remove().await?;
    Ok((created.len(), lost, duplicates))
}

#[tokio::test]
async fn lost_answers_make_no_second_item_where_there_is_an_external_id() -> Result<()> {
    let messages = messages();
    let title = |index: usize| json!({ "title": format!("Item {index}"), "score": 100_000 + index });
    let (calls, lost, with) = upserts(
        "lost-with",
        json!({ "lookupCriteria": "externalId" }),
        |index| json!({ "externalId": format!("lost-{index}"), "fields": title(index) }),
    )
    .await?;
    println!("{messages} upserts with an external id: {calls} creations, {lost} answers lost, {with} duplicates");
    assert_eq!((calls, with), (messages, 0));
    assert_eq!(lost, messages / 10);

    let (calls, lost, by_field) =
        upserts("lost-field", json!({ "lookupCriteria": "field:score" }), |index| json!({ "fields": title(index) }))
            .await?;
    println!(
        "{messages} upserts by a field with unique values: {calls} creations, {lost} answers lost, {by_field} duplicates"
    );
    assert_eq!((calls, by_field), (messages, 0));

    let (calls, lost, without) =
        upserts("lost-without", json!({ "lookupCriteria": "itemId" }), |index| json!({ "fields": title(index) }))
            .await?;
    println!("{messages} upserts without any: {calls} creations, {lost} answers lost, {without} duplicates");
    assert_eq!(without, lost, "every lost answer makes a duplicate");
    assert!(lost >= messages / 10, "{lost}");
    Ok(())
}

#[tokio::test]
async fn a_new_item_with_an_external_id_that_others_have_is_recognized_by_its_age() -> Result<()> {
    let stage = live_stage("lost-create", json!({})).await?;
    let body = json!({ "externalId": "crm-1", "fields": { "title": "Acme" } });
    // An older item with the same external id is not taken for the new one.
    stage.sandbox.set_clock(Some(std::time::SystemTime::now() - std::time::Duration::from_secs(3600)));
    let old = result(&stage, "createItem", body.clone()).await?;
    stage.sandbox.set_clock(None);
    for (answer, attempts) in [
        (json!({ "reset": true, "then": "normal" }), 2),
        (json!({ "after": true, "reset": true, "then": "normal" }), 1),
    ] {
        stage.sandbox.clear_calls();
        stage.sandbox.add_answers(answers(json!({ format!("POST /item/app/{LEADS}/"): [answer] }), json!({}))?)?;
        let new = result(&stage, "createItem", body.clone()).await?;
        assert_ne!(new["item_id"], old["item_id"], "{answer}");
        assert!(new["otherItemIds"].as_array().is_some_and(|others| others.contains(&old["item_id"])), "{new}");
        let path = format!("/item/app/{LEADS}/");
        assert_eq!(stage.calls(Api::Podio).iter().filter(|call| call.path == path).count(), attempts, "{answer}");
        // The next round must not take this one for its own.
        delete(&stage, &new).await?;
    }
    stage.remove().await
}

async fn delete(stage: &Stage, item: &Value) -> Result<()> {
    super::set_fields(stage, json!({ "objectType": "item" }));
    result(stage, "deleteObjectById", json!({ "idValue": item["item_id"] })).await?;
    super::set_fields(stage, json!({}));
    Ok(())
}

#[tokio::test]
async fn without_an_identity_safe_retries_leaves_the_outcome_open() -> Result<()> {
    let stage = live_stage("lost-safe", json!({ "safeRetries": true })).await?;
    let podio = json!({ format!("POST /item/app/{LEADS}/"): [{ "after": true, "reset": true, "then": "normal" }] });
    stage.sandbox.add_answers(answers(podio, json!({}))?)?;
    let (message, code) = error(&stage, "createItem", json!({ "fields": { "title": "Acme" } })).await?;
    assert!(message.starts_with("An item of the app \"Leads\" (30816001) may have been created, or not."), "{message}");
    assert_eq!(code, "outcome_unknown");
    assert_eq!(titles(&stage).await?.get("Acme"), Some(&1));
    stage.remove().await
}
