//! Redirects of the object storage, and of files that are streamed.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Options, Sandbox};
use podio_test_support::{Environment, OtherHost, Stage, TestMessage, cipher};
use serde_json::{Value, json};

use crate::redirects::{assert_names_place, away, outcome};
use crate::step::{BOUND, answers, consuming_worker, count, environment, oauth_config, stage, stop};

const OBJECT_ID: &str = "x-ipaas-object-storage-id";

fn with_storage(stage: &Stage) -> Environment {
    environment(stage, 1)
        .with("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "true")
        .with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "100")
}

fn store(sandbox: &Sandbox, body: &Value) -> String {
    sandbox.put_object(cipher::encrypt_raw(body.to_string().as_bytes())).to_string()
}

#[tokio::test]
async fn an_object_is_fetched_from_another_origin_without_the_storage_s_headers() -> Result<()> {
    let other = OtherHost::start().await?;
    let stage = stage("redirected-object", oauth_config(), json!({}), json!({})).await?;
    let id = store(&stage.sandbox, &json!({ "method": "GET", "url": "/user" }));
    let platform = json!({ format!("GET /objects/{id}"): away(307, &other) });
    stage.sandbox.add_answers(answers(json!({}), platform)?)?;
    let mut worker = consuming_worker(&stage, &with_storage(&stage)).await?;
    let message = TestMessage::new(&json!({ "body": {}, "headers": { OBJECT_ID: id } }));
    let emitted = outcome(&stage, &message).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(emitted.routing_key, "error", "the other host's answer is not an encrypted body");
    let requests = other.requests();
    assert!(!requests.is_empty());
    for request in &requests {
        assert_eq!(request.authorization(), None);
        assert_eq!(request.headers.get("x-request-id"), None, "{request:?}");
    }
    stage.remove().await
}

#[tokio::test]
async fn what_is_stored_stays_within_the_storage_s_origin() -> Result<()> {
    let other = OtherHost::start().await?;
    let podio = json!({ "GET /user": [{ "json": { "user": "u".repeat(300) } }] });
    let within = json!([{ "status": 307, "headers": { "location": "/elsewhere" } }]);
    let platform = json!({ "POST /objects": away(307, &other) });
    let stage = stage("redirected-body", oauth_config(), podio, platform).await?;
    let mut worker = consuming_worker(&stage, &with_storage(&stage)).await?;
    let emitted = outcome(&stage, &TestMessage::get("/user")).await?;
    assert_eq!(emitted.error_message()?, "Lightweight message/passthrough body upload error");
    assert_eq!(count(&stage.calls(Api::Platform), "POST", "/objects"), 1, "it is not retried");
    let lines = worker.log().all();
    let told = lines.iter().find(|line| line.contains("POST /objects")).context("a line about the storage")?;
    assert_names_place(told, &other);

    let platform = json!({ "POST /objects": within, "POST /elsewhere": [{ "json": { "objectId": "the-id" } }] });
    stage.sandbox.set_answers(answers(json!({ "GET /user": [{ "json": { "user": "u".repeat(300) } }] }), platform)?)?;
    let emitted = outcome(&stage, &TestMessage::get("/user")).await?;
    assert_eq!(emitted.payload["headers"][OBJECT_ID], "the-id", "{}", emitted.payload);
    stop(&mut worker, BOUND).await?;
    assert_eq!(other.requests().len(), 0);
    stage.remove().await
}

#[tokio::test]
async fn a_streamed_file_is_not_sent_where_a_redirect_leads() -> Result<()> {
    let other = OtherHost::start().await?;
    let podio = json!({
        "GET /file/7": [{ "json": { "file_id": 7, "name": "f.txt", "mimetype": "text/plain" } }],
        "GET /file/7/raw": [{ "text": "content" }],
        "POST /file/": away(307, &other),
    });
    let platform = json!({ "POST /objects": away(307, &other), "GET /source": [{ "text": "content" }] });
    let stage = stage("redirected-stream", oauth_config(), podio, platform).await?;
    let source = format!("{}/source", stage.sandbox.platform_url());
    for (function, body) in [("downloadFile", json!({ "fileId": 7 })), ("uploadFile", json!({ "url": source }))] {
        let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", function);
        let mut worker = consuming_worker(&stage, &environment).await?;
        let emitted = outcome(&stage, &TestMessage::new(&json!({ "body": body }))).await?;
        stop(&mut worker, BOUND).await?;
        assert_names_place(emitted.error_message()?, &other);
    }
    assert_eq!(other.requests().len(), 0);
    assert_eq!(count(&stage.calls(Api::Podio), "POST", "/file/"), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_file_to_upload_may_come_from_anywhere_after_at_most_five_redirects() -> Result<()> {
    let elsewhere = podio_sandbox::start(Options { only_answers: true, ..Options::default() }).await?;
    let to = |location: String| json!([{ "status": 302, "headers": { "location": location } }]);
    let stage = stage("redirected-source", oauth_config(), json!({}), json!({})).await?;
    let here = |path: &str| format!("{}{path}", stage.sandbox.platform_url());
    let there = |path: &str| format!("{}{path}", elsewhere.podio_url());
    elsewhere.set_answers(answers(
        json!({ "GET /2": to(here("/3")), "GET /4": to(there("/5")), "GET /5": [{ "text": "content" }] }),
        json!({}),
    )?)?;
    let platform = json!({
        "GET /0": to(here("/1")), "GET /1": to(there("/2")), "GET /3": to(there("/4")),
        "GET /loop": to(here("/loop")),
    });
    let podio = json!({ "POST /file/": [{ "json": { "file_id": 1 } }] });
    stage.sandbox.set_answers(answers(podio, platform)?)?;
    let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", "uploadFile");
    let mut worker = consuming_worker(&stage, &environment).await?;
    let upload = |path: &str| TestMessage::new(&json!({ "body": { "url": here(path) } }));
    let emitted = outcome(&stage, &upload("/0")).await?;
    assert_eq!(emitted.payload["body"]["file_id"], 1, "{}", emitted.payload);
    let emitted = outcome(&stage, &upload("/loop")).await?;
    stop(&mut worker, BOUND).await?;
    assert!(emitted.error_message()?.contains("redirected more than 5 times"), "{}", emitted.error_message()?);
    assert_eq!(count(&stage.calls(Api::Platform), "GET", "/loop"), 6);
    stage.remove().await
}
