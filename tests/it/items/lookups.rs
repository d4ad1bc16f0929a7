//! `lookupItem` and `lookupItems`: what is found, and how it is emitted.

use anyhow::{Context, Result};
use podio_test_support::Stage;
use serde_json::{Value, json};

use super::{calls, error, live_stage, result, run, set_fields};

/// A step with ten items: "Item 1" and score 1 to "Item 10" and score 10, every other one at the stage Won.
async fn ten_items(label: &str) -> Result<Stage> {
    let stage = live_stage(label, json!({})).await?;
    let item = |number: u64| {
        let stage = if number.is_multiple_of(2) { "Won" } else { "New" };
        let mail = format!("item{number}@example.com");
        json!({ "fields": { "title": format!("Item {number}"), "score": number, "stage": stage, "email": mail } })
    };
    let bodies: Vec<Value> = (1..=10).map(item).collect();
    run(&stage, "createItem", &bodies, 10, 1).await?;
    stage.sandbox.clear_calls();
    Ok(stage)
}

fn titles(list: &Value) -> Vec<&str> {
    list.as_array().map(|items| items.iter().filter_map(|item| item["title"].as_str()).collect()).unwrap_or_default()
}

#[tokio::test]
async fn items_are_filtered_sorted_and_emitted_as_the_step_says() -> Result<()> {
    let stage = ten_items("lookup-filter").await?;
    let body = json!({ "filters": { "score": { "from": 3, "to": "8" }, "stage": "won" } });
    let all = result(&stage, "lookupItems", body.clone()).await?;
    assert_eq!(titles(&all["results"]), ["Item 4", "Item 6", "Item 8"]);
    assert_eq!(all["results"][0]["fieldsByName"]["stage"], "Won");
    assert_eq!(calls(&stage), ["GET /app/{id}", "POST /item/app/{id}/filter/"]);

    set_fields(&stage, json!({ "emitBehavior": "emitPage", "pageSize": "2", "sortBy": "906", "sortDescending": true }));
    let pages = run(&stage, "lookupItems", std::slice::from_ref(&body), 2, 1).await?;
    let pages: Vec<Vec<&str>> = pages.iter().map(|page| titles(&page.payload["body"]["results"])).collect();
    assert_eq!(pages, [vec!["Item 8", "Item 6"], vec!["Item 4"]]);

    set_fields(&stage, json!({ "emitBehavior": "emitIndividually" }));
    let single = run(&stage, "lookupItems", &[body], 3, 1).await?;
    assert_eq!(single[2].payload["body"]["title"], "Item 8");
    assert!(single[2].payload["body"]["fieldsByName"]["score"] == 8);

    set_fields(&stage, json!({}));
    let none = result(&stage, "lookupItems", json!({ "filters": { "score": 99 } })).await?;
    assert_eq!(none, json!({ "results": [] }));
    stage.remove().await
}

#[tokio::test]
async fn texts_are_compared_exactly_by_search_or_among_what_the_filter_finds() -> Result<()> {
    let stage = ten_items("lookup-text").await?;
    // The search also finds "Item 10".
    let found = result(&stage, "lookupItems", json!({ "filters": { "title": "Item 1" } })).await?;
    assert_eq!(titles(&found["results"]), ["Item 1"]);
    let called = calls(&stage);
    assert_eq!(called[..2], ["GET /app/{id}", "POST /search/app/{id}/"]);
    assert!(called[2..].iter().all(|call| call == "GET /item/{id}"), "{called:?}");

    let both = json!({ "filters": { "email": "item7@example.com", "stage": "New" } });
    let found = result(&stage, "lookupItems", both).await?;
    assert_eq!(titles(&found["results"]), ["Item 7"]);
    assert_eq!(calls(&stage), ["GET /app/{id}", "POST /item/app/{id}/filter/"]);

    set_fields(&stage, json!({ "lookupCriteria": "field:email" }));
    let one = result(&stage, "lookupItem", json!({ "lookupValue": "item7@example.com" })).await?;
    assert_eq!(one["title"], "Item 7");
    stage.remove().await
}

#[tokio::test]
async fn pages_have_a_limit_and_nothing_found_can_be_a_result() -> Result<()> {
    let stage = ten_items("lookup-limit").await?;
    set_fields(&stage, json!({ "emitBehavior": "emitPage", "pageSize": 1, "maxPages": 2 }));
    let pages = run(&stage, "lookupItems", &[json!({ "filters": { "stage": "Won" } })], 2, 1).await?;
    assert_eq!(titles(&pages[1].payload["body"]["results"]), ["Item 4"]);

    for (fields, part) in [
        (json!({ "pageSize": 501 }), "Page Size (pageSize) must be a whole number from 1 to 500"),
        (json!({ "maxPages": "many" }), "Maximum of Pages (maxPages)"),
        (json!({ "emitBehavior": "emitTwice" }), "Emit Behavior (emitBehavior) must be one of"),
    ] {
        set_fields(&stage, fields);
        let (message, code) = error(&stage, "lookupItems", json!({})).await?;
        assert!(message.contains(part) && code == "invalid_input", "{message}");
    }

    stage.sandbox.clear_calls();
    let lenient = json!({ "lookupCriteria": "externalId", "allowZeroResults": true, "allowCriteriaToBeOmitted": true });
    set_fields(&stage, lenient);
    for (body, asked) in [(json!({ "lookupValue": "nope" }), 2), (json!({ "lookupValue": "" }), 0), (json!({}), 0)] {
        assert_eq!(result(&stage, "lookupItem", body).await?, json!({}));
        assert_eq!(calls(&stage).len(), asked);
    }
    stage.remove().await
}

#[tokio::test]
async fn a_lookup_by_id_has_the_simple_values_too() -> Result<()> {
    let stage = live_stage("lookup-id", json!({ "objectType": "item" })).await?;
    let item = result(&stage, "lookupObjectById", json!({ "idValue": 3_352_054_999_u64 })).await?;
    let fields = item["fieldsByName"].as_object().context("fields by name")?;
    assert_eq!(fields.len(), item["fields"].as_array().context("fields")?.len());
    assert!(fields["title"].is_string() && fields["amount"]["currency"].is_string(), "{fields:?}");
    stage.remove().await
}
