//! Answers that come and cannot be read are not missing: what may not be repeated is not, and the error says what is
//! wrong with the answer.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Environment, RawHttp, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

fn config() -> Value {
    let mut config = oauth_config();
    config["retries"] = json!(1);
    config
}

async fn outcome(stage: &Stage, environment: &Environment, body: Value) -> Result<Emitted> {
    let mut worker = consuming_worker(stage, environment).await?;
    let before = stage.results.count();
    stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
    stage.results.wait_for(before + 1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    stage.emitted()?.pop().context("an outcome")
}

fn request(method: &str) -> Value {
    json!({ "method": method, "url": "/item", "data": { "a": 1 } })
}

/// An answer with so many headers, `content-length` among them.
fn headers(count: usize) -> Vec<u8> {
    let headers: Vec<String> = (1..count).map(|number| format!("x-{number}: {number}\r\n")).collect();
    format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n{}\r\n{{}}", headers.concat()).into_bytes()
}

#[tokio::test]
async fn many_headers_are_taken() -> Result<()> {
    for count in [122, 150, 200] {
        let podio = RawHttp::start(headers(count)).await?;
        let stage = stage("many-headers", config(), json!({}), json!({})).await?;
        let environment = environment(&stage, 1).with("PODIO_API_URL", &podio.url());
        let emitted = outcome(&stage, &environment, request("POST")).await?;
        assert_eq!(emitted.routing_key, "data", "{count}: {:.300}", emitted.text);
        assert_eq!(emitted.payload["body"]["headers"].as_object().map(serde_json::Map::len), Some(count));
        assert_eq!(podio.requests().len(), 1);
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_a_missing_one() -> Result<()> {
    let head = "its head is malformed or too large, with a limit of 200 headers";
    let body = "status 200, but its body is malformed";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (answer, want) in [
        (headers(201), head),
        (format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(2_000_000)).into_bytes(), head),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(), head),
        (b"HTTP/1.1 2x0 OK\r\n\r\n".to_vec(), head),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n".to_vec(), head),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}".to_vec(), head),
        (format!("{chunked}zz\r\n{{}}\r\n0\r\n\r\n").into_bytes(), body),
        (format!("{chunked}2\r\n{{}}0\r\n\r\n").into_bytes(), body),
        (format!("{chunked}2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(20_000)).into_bytes(), body),
        (format!("{chunked}2\r\n{{}}\r\n0\r\nx: {}\r\n\r\n", "x".repeat(20_000)).into_bytes(), body),
        (b"HTTP/1.1 404 Not Found\r\ncontent-encoding: gzip\r\n\r\nnot gzip".to_vec(), "status 404, but its body"),
    ] {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(80)]).into_owned();
        let podio = RawHttp::start(answer).await?;
        for (method, calls) in [("POST", 1), ("GET", 2), ("PUT", 2), ("DELETE", 2)] {
            let before = podio.requests().len();
            let stage = stage("unreadable", config(), json!({}), json!({})).await?;
            let environment = environment(&stage, 1).with("PODIO_API_URL", &podio.url());
            let emitted = outcome(&stage, &environment, request(method)).await?;
            let message = emitted.error_message()?;
            assert!(message.contains("Podio's answer cannot be read") && message.contains(want), "{shown}: {message}");
            assert_eq!(message.contains("the outcome is unknown. Check in Podio"), method == "POST", "{message}");
            assert_eq!(podio.requests().len() - before, calls, "{method} {shown}");
            stage.remove().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_still_a_missing_one() -> Result<()> {
    for answer in [
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ] {
        let podio = RawHttp::start(answer).await?;
        let stage = stage("breaks-off", config(), json!({}), json!({})).await?;
        let environment = environment(&stage, 1).with("PODIO_API_URL", &podio.url());
        let emitted = outcome(&stage, &environment, request("POST")).await?;
        assert!(emitted.error_message()?.contains("no answer from Podio after 2 attempts"), "{}", emitted.text);
        assert_eq!(podio.requests().len(), 2, "{answer}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_downloaded_file_that_cannot_be_read_is_not_a_missing_answer() -> Result<()> {
    let podio = json!({
        "GET /file/7": [{ "json": { "file_id": 7, "name": "f.txt", "mimetype": "text/plain" } }],
        "GET /file/7/raw": [{ "text": "not gzip", "headers": { "content-encoding": "gzip" } }],
    });
    let stage = stage("unreadable-file", config(), podio, json!({})).await?;
    let environment = environment(&stage, 1)
        .with("ELASTICIO_FUNCTION", "downloadFile")
        .with("ELASTICIO_OBJECT_STORAGE_URI", &stage.sandbox.platform_url());
    let emitted = outcome(&stage, &environment, json!({ "fileId": 7 })).await?;
    let message = emitted.error_message()?;
    assert!(message.contains("Podio's answer cannot be read, attempt 2: status 200, but its body"), "{message}");
    stage.remove().await
}

#[tokio::test]
async fn a_token_endpoint_whose_answer_cannot_be_read_is_not_asked_again() -> Result<()> {
    let expired = json!({ "status": 401, "json": { "error": "unauthorized", "error_description": "expired_token" } });
    for answer in [b"HTTP/1.1 2x0 OK\r\n\r\n".to_vec(), headers(201)] {
        let endpoint = RawHttp::start(answer).await?;
        let stage = stage("unreadable-token", config(), json!({ "GET /item": [expired] }), json!({})).await?;
        let environment = environment(&stage, 1)
            .with("PODIO_CLIENT_ID", "client-of-the-tests")
            .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
            .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", endpoint.url()));
        let emitted = outcome(&stage, &environment, request("GET")).await?;
        let message = emitted.error_message()?;
        assert!(message.contains("no usable answer: its head is malformed"), "{message}");
        assert_eq!((endpoint.requests().len(), stage.calls(Api::Podio).len()), (1, 1));
        stage.remove().await?;
    }
    Ok(())
}
