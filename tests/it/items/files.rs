//! Files that items, comments and tasks get with `fileIds`.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use serde_json::json;

use super::{live_stage, result, set_fields};

#[tokio::test]
async fn an_uploaded_file_is_bound_to_an_item_and_to_its_comment() -> Result<()> {
    let stage = live_stage("item-files", json!({})).await?;
    let object = stage.sandbox.put_object(b"content".to_vec());
    let url = format!("{}/objects/{object}", stage.sandbox.platform_url());
    let mut files = Vec::new();
    for name in ["a.txt", "b.txt", "c.txt"] {
        let uploaded = result(&stage, "uploadFile", json!({ "url": url, "fileName": name })).await?;
        files.push(uploaded["file_id"].as_u64().context("a file's id")?);
    }

    let item = json!({ "fields": { "title": "Acme" }, "externalId": "crm-1", "fileIds": [files[0]] });
    let created = result(&stage, "createItem", item).await?;
    let id = created["item_id"].as_u64().context("an item's id")?;
    let names = async || {
        set_fields(&stage, json!({ "lookupCriteria": "itemId" }));
        let item = result(&stage, "lookupItem", json!({ "lookupValue": id })).await?;
        let files = item["files"].as_array().context("files")?;
        anyhow::Ok(files.iter().map(|file| file["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(names().await?, ["a.txt"]);

    set_fields(&stage, json!({ "lookupCriteria": "externalId" }));
    let changed = json!({ "externalId": "crm-1", "fileIds": [files[0], files[1]] });
    result(&stage, "updateItem", changed).await?;
    assert_eq!(names().await?, ["a.txt", "b.txt"]);

    stage.sandbox.clear_calls();
    set_fields(&stage, json!({ "objectType": "item" }));
    let comment = json!({ "idValue": id, "value": "See the file", "fileIds": [files[2]] });
    result(&stage, "createComment", comment).await?;
    let calls = stage.calls(Api::Podio);
    let call = calls.iter().find(|call| call.method == "POST").context("the call of the comment")?;
    assert!(call.body.contains(&format!("\"file_ids\":[{}]", files[2])), "{call:?}");
    assert_eq!(call.status, 200, "{call:?}");
    stage.remove().await
}
