//! Content codings of files on their way, and of the platform's answers.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Environment, Stage, TestMessage, cipher};
use serde_json::json;

use super::{answer, cut, gzip, members, outcome, text};
use crate::step::{answers, environment, oauth_config, stage};

fn function(stage: &Stage, function: &str) -> Environment {
    environment(stage, 1)
        .with("ELASTICIO_FUNCTION", function)
        .with("ELASTICIO_OBJECT_STORAGE_URI", &stage.sandbox.platform_url())
        .with("ELASTICIO_OBJECT_STORAGE_TOKEN", "storage-token")
}

#[tokio::test]
async fn files_are_decoded_on_their_way() -> Result<()> {
    let text = text();
    let object = json!({ "json": { "file_id": 7, "name": "f.txt", "mimetype": "text/plain" } });
    let gzipped = |bytes: &[u8]| answer(&json!("GZIP"), bytes);
    let podio = json!({
        "GET /file/7": [object],
        "GET /file/7/raw": [gzipped(&members(&text))],
        "GET /file/8": [object],
        "GET /file/8/raw": [gzipped(&cut(members(&text)))],
        "POST /file/": [{ "json": { "file_id": 9 } }],
    });
    let mut config = oauth_config();
    config["retries"] = json!(0);
    let platform = json!({
        "GET /whole": [gzipped(&members(&text))],
        "GET /garbage": [gzipped(&[gzip(text.as_bytes()), b"more".to_vec()].concat())],
        "GET /br": [answer(&json!("br"), text.as_bytes())],
    });
    let stage = stage("codings-files", config, podio, platform).await?;

    let download = function(&stage, "downloadFile");
    let before = stage.sandbox.objects();
    let downloaded = outcome(&stage, &download, &TestMessage::new(&json!({ "body": { "fileId": 7 } }))).await?;
    assert_eq!(downloaded.payload["attachments"]["f.txt"]["size"], text.len(), "{}", downloaded.text);
    let stored = stage.sandbox.objects().into_iter().find(|id| !before.contains(id)).context("an object")?;
    assert!(stage.sandbox.object(stored).context("it is there")? == text, "the object is not the whole file");
    let failed = outcome(&stage, &download, &TestMessage::new(&json!({ "body": { "fileId": 8 } }))).await?;
    assert!(failed.error_message()?.contains("content coding"), "{}", failed.text);

    let upload = function(&stage, "uploadFile");
    let message = |path: &str| {
        TestMessage::new(&json!({ "body": { "url": format!("{}/{path}", stage.sandbox.platform_url()) } }))
    };
    let uploaded = outcome(&stage, &upload, &message("whole")).await?;
    assert_eq!(uploaded.payload["body"]["file_id"], 9, "{}", uploaded.text);
    let sent = stage.calls(Api::Podio).into_iter().find(|call| call.method == "POST").context("an upload")?;
    assert!(sent.body.contains(&text[..60_000]), "the upload is not the file");
    assert!(sent.body_length > text.len() as u64, "the upload is not the whole file");
    for (path, want) in [("garbage", "not whole in the content coding"), ("br", "content coding \"br\"")] {
        let failed = outcome(&stage, &upload, &message(path)).await?;
        let message = failed.error_message()?;
        assert!(message.starts_with("the file to upload cannot be read") && message.contains(want), "{message}");
    }
    stage.remove().await
}

#[tokio::test]
async fn the_platform_s_answers_are_decoded() -> Result<()> {
    let body = json!({ "method": "GET", "url": "/user" }).to_string();
    let stored = cipher::encrypt_raw(body.as_bytes());
    let secret = json!({ "data": { "attributes": { "credentials": { "access_token": "secret-token" } } } }).to_string();
    let platform = json!({
        "GET /objects/6f1ed002-ab55-4d9b-8f1a-2f1c1d7c7c11":
            [answer(&json!("X-GZIP"), &[gzip(&stored[..5]), gzip(&stored[5..])].concat())],
        "GET /v2/workspaces/ws1/secrets/s1": [answer(&json!("Gzip, identity"), &members(&secret))],
    });
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 } }] });
    let stage = stage("codings-platform", json!({ "secretId": "s1" }), podio, json!({})).await?;
    stage.sandbox.add_answers(answers(json!({}), platform)?)?;
    let id = json!({ "x-ipaas-object-storage-id": "6f1ed002-ab55-4d9b-8f1a-2f1c1d7c7c11" });
    let input = TestMessage::new(&json!({ "body": {}, "headers": id }));
    let emitted = outcome(&stage, &function(&stage, "customRequest"), &input).await?;
    assert_eq!(emitted.payload["body"]["responseBody"], json!({ "user_id": 1 }), "{}", emitted.text);
    stage.remove().await
}
