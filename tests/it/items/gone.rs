//! `deleteObjectById` of what is gone.

use anyhow::Result;
use serde_json::json;

use super::{error, live_stage, result, run, set_fields};

#[tokio::test]
async fn what_is_gone_is_an_error_or_an_empty_object_as_the_step_says() -> Result<()> {
    let stage = live_stage("delete-gone", json!({ "objectType": "item" })).await?;
    let id = json!({ "idValue": 3_352_054_999_u64 });
    assert_eq!(result(&stage, "deleteObjectById", id.clone()).await?, json!({ "id": 3_352_054_999_u64 }));
    let (message, code) = error(&stage, "deleteObjectById", id.clone()).await?;
    assert!(message.contains("status - \"410\"") && code == "not_found", "{code}: {message}");
    set_fields(&stage, json!({ "objectType": "item", "emitEmptyIfGone": true }));
    let never = json!({ "idValue": 999_999 });
    let emitted = run(&stage, "deleteObjectById", &[id, never], 2, 1).await?;
    assert!(emitted.iter().all(|emitted| emitted.payload["body"] == json!({})), "{emitted:?}");
    set_fields(&stage, json!({ "objectType": "space", "emitEmptyIfGone": "true" }));
    assert_eq!(stage.rejected.count(), 1);
    stage.remove().await
}
