//! Files streamed through the worker: to Podio, and from Podio into the object storage.

use std::io::{Write as _, stderr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use podio_sandbox::{ACCESS_TOKEN, Options, Sandbox};
use podio_test_support::{Emitted, Environment, Stage, TestMessage, Worker};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, step_data, stop};

/// The size of a large file.
const LARGE: usize = 200 * 1024 * 1024;
/// The most that a large file may add to the worker's memory.
const GROWTH: u64 = 20 * 1024 * 1024;
/// Time limit for a large file.
const LARGE_BOUND: Duration = Duration::from_secs(90);

/// A stage, and a sandbox that behaves normally instead of playing scripted answers.
pub(crate) async fn normal(label: &str) -> Result<(Stage, Sandbox)> {
    let stage = stage(label, oauth_config(), json!({}), json!({})).await?;
    let step = step_data(json!({ "oauth": { "access_token": ACCESS_TOKEN }, "retriesDelay": "50" }));
    let sandbox = podio_sandbox::start(Options { step, ..Options::default() }).await?;
    Ok((stage, sandbox))
}

pub(crate) fn function(stage: &Stage, sandbox: &Sandbox, function: &str) -> Environment {
    environment(stage, 1)
        .with("ELASTICIO_FUNCTION", function)
        .with("ELASTICIO_API_URI", &sandbox.platform_url())
        .with("PODIO_API_URL", &sandbox.podio_url())
        .with("ELASTICIO_OBJECT_STORAGE_URI", &sandbox.platform_url())
        .with("ELASTICIO_OBJECT_STORAGE_TOKEN", "storage-token")
}

/// Sends one message and returns its outcome.
pub(crate) async fn outcome(stage: &Stage, message: &Value, bound: Duration) -> Result<Emitted> {
    let before = stage.results.count();
    stage.send(&TestMessage::new(message)).await?;
    stage.results.wait_for(before + 1, "an outcome", bound).await?;
    stage.emitted()?.pop().context("an outcome")
}

fn file_id(uploaded: &Emitted) -> Result<u64> {
    uploaded.payload["body"]["file_id"].as_u64().with_context(|| format!("no file object: {}", uploaded.payload))
}

/// Fails if the worker's memory grew by more than [`GROWTH`].
fn ensure_flat(worker: &Worker, before: u64, what: &str) -> Result<()> {
    let peak = worker.peak_memory()?;
    let (kib, more) = (peak / 1024, (peak - before) / 1024);
    // To standard error directly, so that the figures of a passing test are shown too.
    writeln!(stderr(), "{what}: {LARGE} bytes, peak memory {kib} KiB, {more} KiB more than idle")?;
    ensure!(peak - before < GROWTH, "{what} took {} bytes of memory", peak - before);
    Ok(())
}

#[tokio::test]
async fn a_large_file_is_streamed_in_both_directions() -> Result<()> {
    let (stage, sandbox) = normal("files-large").await?;
    let object = sandbox.put_object(vec![7_u8; LARGE]);
    let url = format!("{}/objects/{object}", sandbox.platform_url());

    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "uploadFile")).await?;
    let idle = worker.peak_memory()?;
    let message = json!({ "body": {}, "attachments": { "large.bin": { "url": url, "content-type": "image/png" } } });
    let uploaded = outcome(&stage, &message, LARGE_BOUND).await?;
    ensure_flat(&worker, idle, "upload")?;
    assert_eq!(uploaded.payload["body"]["size"], LARGE);
    assert_eq!(uploaded.payload["body"]["name"], "large.bin");
    assert_eq!(uploaded.payload["body"]["mimetype"], "image/png");
    stop(&mut worker, BOUND).await?;

    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "downloadFile")).await?;
    let idle = worker.peak_memory()?;
    let downloaded = outcome(&stage, &json!({ "body": { "fileId": file_id(&uploaded)? } }), LARGE_BOUND).await?;
    ensure_flat(&worker, idle, "download")?;
    let attachment = &downloaded.payload["attachments"]["large.bin"];
    assert_eq!(attachment["size"], LARGE, "{}", downloaded.payload);
    assert_eq!(attachment["content-type"], "image/png");
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn a_small_file_survives_upload_and_download_unchanged() -> Result<()> {
    let (stage, sandbox) = normal("files-small").await?;
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let object = sandbox.put_object(bytes.clone());
    let url = format!("{}/objects/{object}", sandbox.platform_url());

    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "uploadFile")).await?;
    let message = json!({ "body": { "url": url, "fileName": "a b.bin", "contentType": "image/gif" } });
    let uploaded = outcome(&stage, &message, BOUND).await?;
    assert_eq!(
        (&uploaded.payload["body"]["name"], &uploaded.payload["body"]["size"]),
        (&json!("a b.bin"), &json!(70_000))
    );
    stop(&mut worker, BOUND).await?;

    let known = sandbox.objects();
    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "downloadFile")).await?;
    let downloaded = outcome(&stage, &json!({ "body": { "fileId": file_id(&uploaded)?.to_string() } }), BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let stored = sandbox.objects().into_iter().find(|id| !known.contains(id)).context("a new object")?;
    assert_eq!(sandbox.object(stored).as_deref(), Some(bytes.as_slice()));
    let url = downloaded.payload["body"]["attachmentUrl"].clone();
    assert_eq!(url, format!("{}/objects/{stored}?storage_type=maester", sandbox.platform_url()));
    assert_eq!(url, downloaded.payload["attachments"]["a b.bin"]["url"]);

    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "uploadFile")).await?;
    let again = outcome(&stage, &json!({ "body": { "attachmentUrl": url, "fileName": "" } }), BOUND).await?;
    assert_eq!(again.payload["body"]["size"], 70_000, "{}", again.payload);
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error_and_the_message_is_rejected() -> Result<()> {
    let (stage, sandbox) = normal("files-broken").await?;
    let answers = json!({ "platform": { "GET /broken": [{ "reset": "midbody" }], "GET /gone": [{ "status": 410 }] } });
    sandbox.add_answers(serde_json::from_value(answers)?)?;
    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "uploadFile")).await?;
    let absent = format!("{}/objects/00000000-0000-4000-8000-000000000000", sandbox.platform_url());
    for (url, word) in [
        (format!("{}/broken", sandbox.platform_url()), "cannot be read"),
        (format!("{}/gone", sandbox.platform_url()), "410"),
        (absent, "404"),
        ("http://127.0.0.1:1/x".to_owned(), "refused"),
    ] {
        let failed = outcome(&stage, &json!({ "body": { "url": url } }), BOUND).await?;
        assert_eq!(failed.routing_key, "error", "{url}");
        let message = failed.error_message()?;
        assert!(message.starts_with("the file to upload cannot be read") && message.contains(word), "{url}: {message}");
    }
    let failed = outcome(&stage, &json!({ "body": {} }), BOUND).await?;
    assert!(failed.error_message()?.contains("There is no file"));
    stop(&mut worker, BOUND).await?;

    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "downloadFile")).await?;
    let failed = outcome(&stage, &json!({ "body": { "fileId": 1 } }), BOUND).await?;
    assert!(failed.error_message()?.contains("404"), "{}", failed.error_message()?);
    stop(&mut worker, BOUND).await?;
    stage.rejected.wait_for(6, "dead letters", BOUND).await?;
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 6));
    stage.remove().await
}

#[tokio::test]
async fn a_broken_download_is_retried_but_a_failed_upload_to_the_storage_is_not() -> Result<()> {
    let object = json!({ "json": { "file_id": 7, "name": "f.txt", "mimetype": "text/plain" } });
    let podio = json!({
        "GET /file/7": [object],
        "GET /file/7/raw": [{ "reset": "midbody" }, { "text": "content" }],
    });
    let stage = stage("files-again", oauth_config(), podio, json!({})).await?;
    let environment = environment(&stage, 1)
        .with("ELASTICIO_FUNCTION", "downloadFile")
        .with("ELASTICIO_OBJECT_STORAGE_URI", &stage.sandbox.platform_url())
        .with("ELASTICIO_OBJECT_STORAGE_TOKEN", "storage-token");
    let mut worker = consuming_worker(&stage, &environment).await?;
    let downloaded = outcome(&stage, &json!({ "body": { "fileId": 7 } }), BOUND).await?;
    assert_eq!(downloaded.payload["attachments"]["f.txt"]["size"], 7, "{}", downloaded.payload);
    let refused = json!({ "podio": {}, "platform": { "POST /objects": [{ "status": 507 }] } });
    stage.sandbox.add_answers(serde_json::from_value(refused)?)?;
    let failed = outcome(&stage, &json!({ "body": { "fileId": 7 } }), BOUND).await?;
    assert!(failed.error_message()?.contains("507"), "{}", failed.error_message()?);
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn opening_an_object_is_retried() -> Result<()> {
    let (stage, sandbox) = normal("files-source-again").await?;
    let object = sandbox.put_object(b"content".to_vec());
    let path = format!("/objects/{object}");
    let url = format!("{}{path}", sandbox.platform_url());
    let order = |answers: Value| {
        let answers = json!({ "platform": { format!("GET {path}"): answers } });
        sandbox.add_answers(serde_json::from_value(answers)?).map_err(anyhow::Error::from)
    };
    order(json!([{ "status": 503 }, { "reset": true, "then": "normal" }]))?;
    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "uploadFile")).await?;
    let message = json!({ "body": { "url": url } });
    let uploaded = outcome(&stage, &message, BOUND).await?;
    assert_eq!(uploaded.payload["body"]["size"], 7, "{}", uploaded.payload);
    let opened = || sandbox.calls().iter().filter(|call| call.method == "GET" && call.path == path).count();
    assert_eq!(opened(), 3);

    order(json!([{ "status": 503 }]))?;
    let failed = outcome(&stage, &message, BOUND).await?;
    assert!(failed.error_message()?.contains("503"), "{}", failed.error_message()?);
    assert_eq!(opened(), 3 + 3);
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}
