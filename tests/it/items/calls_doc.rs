//! How many calls of Podio each action with items makes, as docs/items.md says.

use anyhow::Result;
use serde_json::{Value, json};

use super::{calls, live_stage, result, set_fields};

const DOCUMENT: &str = include_str!("../../../docs/items.md");

/// The row of one message: what it is, and its calls without the one for the app's definition.
fn row(what: &str, calls: &[String]) -> String {
    let calls: Vec<String> =
        calls.iter().filter(|call| *call != "GET /app/{id}").map(|call| format!("`{call}`")).collect();
    format!("| {what} | {} | {} |\n", calls.len(), calls.join(", "))
}

#[tokio::test]
async fn each_action_makes_the_calls_that_the_page_says() -> Result<()> {
    let stage = live_stage("items-calls", json!({})).await?;
    let mut table = String::from("| message | calls | which |\n|---|---|---|\n");
    let item = |number: u32| {
        let fields =
            json!({ "title": format!("Acme {number}"), "score": number, "email": format!("{number}@b.example") });
        json!({ "externalId": format!("crm-{number}"), "fields": fields })
    };
    let fields = |fields: Value| json!({ "fields": fields });
    let value = |value: Value| json!({ "lookupValue": value });
    let there = 3_352_054_999_u64;
    let rows = [
        ("`createItem`", "createItem", fields(json!({ "title": "Beta" })), ""),
        ("`createItem` with an external id", "createItem", item(901), ""),
        ("`upsertItem` by external id, new", "upsertItem", item(902), "externalId"),
        ("`upsertItem` by external id, existing", "upsertItem", item(902), "externalId"),
        ("`upsertItem` by a number, new", "upsertItem", fields(json!({ "score": 903 })), "field:score"),
        ("`upsertItem` by a number, existing", "upsertItem", fields(json!({ "score": 902 })), "field:score"),
        ("`upsertItem` by a text, new", "upsertItem", fields(json!({ "email": "904@b.example" })), "field:email"),
        ("`upsertItem` by a text, existing", "upsertItem", fields(json!({ "email": "902@b.example" })), "field:email"),
        ("`updateItem` by item id", "updateItem", json!({ "itemId": there, "fields": {} }), "itemId"),
        ("`updateItem` by external id", "updateItem", item(902), "externalId"),
        ("`lookupItem` by item id", "lookupItem", value(json!(there)), "itemId"),
        ("`lookupItem` by external id", "lookupItem", value(json!("crm-901")), "externalId"),
        ("`lookupItem` by a number", "lookupItem", value(json!(901)), "field:score"),
        ("`lookupItem` by a text", "lookupItem", value(json!("Beta")), "field:title"),
        ("`lookupItems` by filter, one page", "lookupItems", json!({ "filters": { "score": { "from": 901 } } }), ""),
        ("`lookupItems` by texts alone, one hit", "lookupItems", json!({ "filters": { "title": "Beta" } }), ""),
        ("`lookupObjectById` of an item", "lookupObjectById", json!({ "idValue": there }), ""),
    ];
    for (what, function, body, criteria) in rows {
        set_fields(&stage, json!({ "lookupCriteria": criteria, "objectType": "item" }));
        stage.sandbox.clear_calls();
        result(&stage, function, body).await?;
        table.push_str(&row(what, &calls(&stage)));
    }
    assert!(DOCUMENT.contains(&table), "docs/items.md differs; its table must be:\n{table}");
    stage.remove().await
}
