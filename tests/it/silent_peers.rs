//! Peers that accept a connection and then say nothing, at every stage of a file's transfer.

use std::time::Duration;

use anyhow::{Context, Result};
use podio_test_support::{Environment, Stage, TestMessage};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// A peer that sends these bytes once a request begins, reads nothing, and keeps the connections open.
struct Silent {
    address: String,
    accepting: tokio::task::JoinHandle<()>,
}

impl Silent {
    async fn start(says: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let accepting = tokio::spawn(async move {
            let mut open: Vec<TcpStream> = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.peek(&mut [0]).await;
                let _ = stream.write_all(says.as_bytes()).await;
                open.push(stream);
            }
        });
        Ok(Self { address, accepting })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn setup(label: &str, podio: Value, function: &str) -> Result<(Stage, Environment)> {
    let mut config = oauth_config();
    config["retries"] = json!(1);
    let stage = stage(label, config, podio, json!({})).await?;
    let environment = environment(&stage, 1)
        .with("ELASTICIO_FUNCTION", function)
        .with("ELASTICIO_OBJECT_STORAGE_URI", &stage.sandbox.platform_url())
        .with("PODIO_STALL_TIMEOUT", "600")
        .with("API_REQUEST_TIMEOUT", "600")
        .with("REQUEST_TIMEOUT", "500");
    Ok((stage, environment))
}

/// The error of one message, which comes soon.
async fn error_of(stage: &Stage, environment: &Environment, body: Value) -> Result<String> {
    let mut worker = consuming_worker(stage, environment).await?;
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(1, "an error", Duration::from_secs(10)).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?.pop().context("an error")?;
    Ok(emitted.error_message()?.to_owned())
}

#[tokio::test]
async fn a_silent_source_of_a_file_frees_its_slot() -> Result<()> {
    for says in [
        "",
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
    ] {
        let peer = Silent::start(says).await?;
        let podio = json!({ "POST /file/": [{ "json": { "file_id": 1 } }] });
        let (stage, environment) = setup("silent-source", podio, "uploadFile").await?;
        let error = error_of(&stage, &environment, json!({ "url": format!("{}/f", peer.address) })).await?;
        let reason =
            if says.ends_with("\r\n\r\n") || says.ends_with("abc") { "nothing came" } else { "no answer in time" };
        assert!(error.starts_with(&format!("the file to upload cannot be read: {reason}")), "{says:?}: {error}");
        stage.remove().await?;

        let (stage, environment) = setup("silent-object", json!({}), "uploadFile").await?;
        let environment = environment.with("ELASTICIO_OBJECT_STORAGE_URI", &peer.address);
        let error = error_of(&stage, &environment, json!({ "url": format!("{}/objects/1", peer.address) })).await?;
        assert!(error.starts_with("the file to upload cannot be read"), "{says:?}: {error}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_silent_storage_frees_the_slot_of_a_download() -> Result<()> {
    let object = json!({ "json": { "file_id": 7, "name": "f.txt", "mimetype": "text/plain" } });
    for (size, says) in [(10, ""), (50_000_000, ""), (10, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{")] {
        let peer = Silent::start(says).await?;
        let podio = json!({ "GET /file/7": [object], "GET /file/7/raw": [{ "size": size }] });
        let (stage, environment) = setup("silent-storage", podio, "downloadFile").await?;
        let environment = environment.with("ELASTICIO_OBJECT_STORAGE_URI", &peer.address);
        let error = error_of(&stage, &environment, json!({ "fileId": 7 })).await?;
        assert!(
            error.contains("the file cannot be stored: the object storage does not go on"),
            "{size} {says:?}: {error}"
        );
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_silent_podio_frees_the_slot_of_every_action() -> Result<()> {
    for says in ["", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"] {
        let peer = Silent::start(says).await?;
        for (function, body) in [
            ("customRequest", json!({ "method": "GET", "url": "/user" })),
            ("lookupObjectById", json!({ "idValue": "1" })),
            ("deleteObjectById", json!({ "idValue": "1" })),
            ("downloadFile", json!({ "fileId": 7 })),
            ("uploadFile", json!({ "url": "" })),
        ] {
            let mut body = body;
            let (stage, environment) = setup("silent-podio", json!({}), function).await?;
            let object = stage.sandbox.put_object(vec![7; 5_000_000]);
            if function == "uploadFile" {
                body["url"] = json!(format!("{}/objects/{object}", stage.sandbox.platform_url()));
            }
            let mut config = oauth_config();
            config["retries"] = json!(1);
            config["objectType"] = json!("item");
            stage.sandbox.set_step(&crate::step::step_data(config));
            let environment = environment.with("PODIO_API_URL", &peer.address).with("PODIO_TRANSFER_TIMEOUT", "2500");
            let error = error_of(&stage, &environment, body).await?;
            assert!(error.contains("no answer from Podio after 2 attempts"), "{function} {says:?}: {error}");
            stage.remove().await?;
        }
    }
    Ok(())
}
