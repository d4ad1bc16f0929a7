//! `lookupItems` whose results are too many for one message.

use anyhow::Result;
use serde_json::{Value, json};

use super::{error, live_stage, run, set_fields};

#[tokio::test]
async fn more_than_one_message_holds_is_an_error_that_says_what_to_choose() -> Result<()> {
    let stage = live_stage("lookup-large", json!({})).await?;
    // A text is in the title, in the fields and in fieldsByName: 3.6 MB an item.
    let item = json!({ "fields": { "title": "t".repeat(1_200_000) }, "tags": ["large"] });
    run(&stage, "createItem", &vec![item; 3], 3, 1).await?;
    let criteria = json!({ "tags": "large" });
    set_fields(&stage, json!({ "emitBehavior": "emitAll", "pageSize": 2 }));
    let (message, _) = error(&stage, "lookupItems", criteria.clone()).await?;
    assert!(message.contains("too many for one message, and none was emitted"), "{message}");
    assert!(message.contains("Set the step's Emit Behavior to \"Emit page\""), "{message}");

    set_fields(&stage, json!({ "emitBehavior": "emitIndividually", "pageSize": 2 }));
    let items = run(&stage, "lookupItems", &[criteria], 3, 1).await?;
    let title = |body: &Value| body["title"].as_str().map(str::len);
    assert!(items.iter().all(|item| title(&item.payload["body"]) == Some(1_200_000)));
    stage.remove().await
}
