//! `PODIO_UPLOAD_SOURCES`: where `uploadFile` may fetch from.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Ended, Environment, OtherHost, Stage, TestMessage, Worker};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, program, stage, stop};

const SETTING: &str = "PODIO_UPLOAD_SOURCES";

async fn uploading(label: &str, platform: Value) -> Result<(Stage, Environment)> {
    let podio = json!({ "POST /file/": [{ "json": { "file_id": 1 } }] });
    let stage = stage(label, oauth_config(), podio, platform).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", "uploadFile");
    Ok((stage, environment))
}

/// Uploads from each address; returns the outcomes.
async fn upload(stage: &Stage, environment: &Environment, urls: &[String]) -> Result<Vec<Emitted>> {
    let before = stage.results.count();
    let mut worker = consuming_worker(stage, environment).await?;
    for (number, url) in urls.iter().enumerate() {
        stage.send(&TestMessage::new(&json!({ "body": { "url": url } }))).await?;
        stage.results.wait_for(before + number + 1, "an outcome", BOUND).await?;
    }
    stop(&mut worker, BOUND).await?;
    Ok(stage.emitted()?.split_off(before))
}

fn assert_refused(emitted: &Emitted, what: &str) -> Result<()> {
    assert_eq!(emitted.routing_key, "error", "{what}: {}", emitted.payload);
    let message = emitted.error_message()?;
    assert!(message.contains("may not be called") && message.contains(SETTING), "{what}: {message}");
    Ok(())
}

#[tokio::test]
async fn with_public_sources_only_nothing_inside_is_called_in_whatever_form_its_address_is_written() -> Result<()> {
    let inside = OtherHost::start().await?;
    let port = inside.address().port();
    let (stage, environment) = uploading("sources-public", json!({})).await?;
    let hosts = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "127.1",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "169.254.169.254",
        "user:password@127.0.0.1",
    ];
    let urls: Vec<String> = hosts.iter().map(|host| format!("http://{host}:{port}/file")).collect();
    for (emitted, url) in upload(&stage, &environment.with(SETTING, "public"), &urls).await?.iter().zip(&urls) {
        assert_refused(emitted, url)?;
    }
    assert_eq!(inside.requests().len(), 0, "{:?}", inside.requests());
    stage.remove().await
}

#[tokio::test]
async fn the_platform_s_object_storage_is_always_a_source() -> Result<()> {
    let (stage, environment) = uploading("sources-storage", json!({})).await?;
    let object = stage.sandbox.put_object(b"content".to_vec());
    let urls = [format!("{}/objects/{object}", stage.sandbox.platform_url()), stage.sandbox.platform_url()];
    let outcomes = upload(&stage, &environment.with(SETTING, "public"), &urls).await?;
    assert_eq!(outcomes[0].routing_key, "data", "{}", outcomes[0].payload);
    assert_refused(&outcomes[1], "what is no object of it is not")?;
    stage.remove().await
}

#[tokio::test]
async fn another_host_gets_no_credential_and_only_the_storage_its_token() -> Result<()> {
    let inside = OtherHost::start().await?;
    let (stage, environment) =
        uploading("sources-credentials", json!({ "GET /objects/7": [{ "text": "content" }] })).await?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    let storage = format!("{}/objects/7", stage.sandbox.platform_url());
    // The storage's address as a part of another host's, and its path there.
    let others = ["/objects/7".to_owned(), format!("/{storage}"), format!("/?url={storage}#{storage}")];
    let others = others.map(|path| format!("http://{}{path}", inside.address()));
    for (number, url) in others.iter().chain([&storage]).enumerate() {
        let attachment = if number % 2 == 0 { "attachmentUrl" } else { "url" };
        stage.send(&TestMessage::new(&json!({ "body": { attachment: url } }))).await?;
        stage.results.wait_for(number + 1, "an outcome", BOUND).await?;
    }
    stop(&mut worker, BOUND).await?;
    let requests = inside.requests();
    assert_eq!(requests.len(), others.len(), "{requests:?}");
    assert!(requests.iter().all(|request| request.authorization().is_none()), "{requests:?}");
    let calls = stage.calls(Api::Platform);
    let call = calls.iter().find(|call| call.path == "/objects/7").context("a call of the storage")?;
    assert!(call.authorization.is_some(), "{call:?}");
    stage.remove().await
}

#[tokio::test]
async fn a_named_host_is_a_source_and_may_not_redirect_to_another_one() -> Result<()> {
    let inside = OtherHost::start().await?;
    let port = inside.address().port();
    let to = |host: &str| json!([{ "status": 302, "headers": { "location": format!("http://{host}:{port}/secret") } }]);
    let platform = json!({
        "GET /file": [{ "text": "content" }],
        "GET /to-number": to("[::ffff:127.0.0.1]"), "GET /to-name": to("localhost"), "GET /to-metadata": to("169.254.169.254"),
    });
    let (stage, environment) = uploading("sources-named", platform).await?;
    let at = |path: &str| format!("{}{path}", stage.sandbox.platform_url());
    for setting in ["public,127.0.0.1", "127.0.0.1"] {
        let urls = [at("/file"), at("/to-number"), at("/to-name"), at("/to-metadata")];
        let outcomes = upload(&stage, &environment.clone().with(SETTING, setting), &urls).await?;
        assert_eq!(outcomes[0].routing_key, "data", "{setting}: {}", outcomes[0].payload);
        for (emitted, url) in outcomes.iter().zip(&urls).skip(1) {
            assert_refused(emitted, url)?;
        }
    }
    assert_eq!(inside.requests().len(), 0, "{:?}", inside.requests());
    stage.remove().await
}

#[tokio::test]
async fn without_the_setting_every_address_is_a_source() -> Result<()> {
    let platform = json!({ "GET /file": [{ "text": "content" }] });
    let (stage, environment) = uploading("sources-any", platform).await?;
    let url = format!("{}/file", stage.sandbox.platform_url());
    let outcomes = upload(&stage, &environment, &[url]).await?;
    assert_eq!(outcomes[0].routing_key, "data", "{}", outcomes[0].payload);
    stage.remove().await
}

#[tokio::test]
async fn a_wrong_value_ends_the_start_and_is_named() -> Result<()> {
    let (stage, environment) = uploading("sources-wrong", json!({})).await?;
    for value in ["any", "public,", "https://files.example.com", "files.example.com:443", "10.0.0.0/8", "*"] {
        let mut worker = Worker::start(program(), &environment.clone().with(SETTING, value))?;
        assert_eq!(worker.ended(BOUND).await?, Ended(1), "{value}");
        let log = worker.log().all();
        let line = log.iter().find(|line| line.contains("settings are missing or malformed")).context("the line")?;
        assert!(line.contains(&format!("{SETTING}: ")), "{line}");
    }
    stage.remove().await
}
