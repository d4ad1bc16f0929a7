//! Content codings (RFC 9110, section 8.4) of the answers of Podio; [`elsewhere`] has those of files and of the platform.

use std::io::Write as _;

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Environment, RawHttp, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

mod elsewhere;

/// Longer than what is decoded at once.
fn text() -> String {
    let rows: Vec<String> = (0..20_000).map(|row| format!("row {row}")).collect();
    rows.join(",")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
}

/// `text` in two members, the first of a few bytes.
fn members(text: &str) -> Vec<u8> {
    [gzip(&text.as_bytes()[..7]), gzip(&text.as_bytes()[7..])].concat()
}

fn cut(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 3);
    bytes
}

fn answer(coding: &Value, bytes: &[u8]) -> Value {
    json!({ "b64": STANDARD.encode(bytes), "headers": { "content-encoding": coding, "x-kept": "yes" } })
}

/// The outcomes of one GET for each answer, in order, and the number of calls for each.
async fn outcomes(label: &str, answers: &[Value]) -> Result<Vec<(Emitted, usize)>> {
    let keyed = answers.iter().enumerate().map(|(index, answer)| (format!("GET /{index}"), json!([answer])));
    let mut config = oauth_config();
    config["retries"] = json!(1);
    let stage = stage(label, config, Value::Object(keyed.collect()), json!({})).await?;
    let environment = environment(&stage, 1).with("PODIO_MAX_RESPONSE_SIZE", "1000000");
    let mut worker = consuming_worker(&stage, &environment).await?;
    for index in 0..answers.len() {
        stage.send(&TestMessage::get(&format!("/{index}"))).await?;
    }
    stage.results.wait_for(answers.len(), "outcomes", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    let calls = stage.calls(Api::Podio);
    let count = |index: usize| calls.iter().filter(|call| call.path == format!("/{index}")).count();
    let outcomes = stage.emitted()?.into_iter().enumerate().map(|(index, emitted)| (emitted, count(index)));
    let outcomes = outcomes.collect();
    stage.remove().await?;
    Ok(outcomes)
}

#[tokio::test]
async fn every_coding_and_every_member_is_decoded() -> Result<()> {
    let text = text();
    let bytes = text.as_bytes();
    let cases = [
        (json!("gzip"), gzip(bytes)),
        (json!("gzip"), members(&text)),
        (json!("gzip"), [members(&text[..50]), gzip(b""), gzip(&bytes[50..])].concat()),
        (json!("GZIP"), members(&text)),
        (json!("X-GZip"), gzip(bytes)),
        (json!("identity"), bytes.to_vec()),
        (json!("identity, gzip"), gzip(bytes)),
        (json!(" , gzip,"), gzip(bytes)),
        (json!("gzip, gzip"), gzip(&members(&text))),
        (json!(["gzip", "Identity", "x-gzip"]), gzip(&gzip(bytes))),
        (json!("deflate"), zlib(bytes)),
        (json!("Deflate"), deflate(bytes)),
        (json!("deflate, gzip"), gzip(&zlib(bytes))),
        (json!(["gzip", "deflate"]), zlib(&members(&text))),
    ];
    let scripted: Vec<Value> = cases.iter().map(|(coding, bytes)| answer(coding, bytes)).collect();
    for ((emitted, calls), (coding, _)) in outcomes("codings", &scripted).await?.iter().zip(&cases) {
        let body = &emitted.payload["body"];
        assert_eq!((emitted.routing_key.as_str(), *calls), ("data", 1), "{coding}: {:.300}", emitted.text);
        assert!(body["responseBody"] == text, "{coding}: another text");
        assert_eq!(body["headers"]["x-kept"], "yes");
        assert!(*coding == "identity" || body["headers"].get("content-encoding").is_none(), "{coding}");
    }
    Ok(())
}

#[tokio::test]
async fn codings_of_the_transfer_are_undone() -> Result<()> {
    let text = "a short text";
    for (headers, body, want) in [
        ("transfer-encoding: gzip", gzip(text.as_bytes()), Ok(text)),
        ("transfer-encoding: x-gzip, Chunked", gzip(text.as_bytes()), Ok(text)),
        ("content-encoding: deflate\r\ntransfer-encoding: gzip, chunked", gzip(&zlib(text.as_bytes())), Ok(text)),
        ("transfer-encoding: br, chunked", text.as_bytes().to_vec(), Err("coding \"br\" is not supported")),
        ("content-encoding: chunked", text.as_bytes().to_vec(), Err("coding \"chunked\" is not supported")),
    ] {
        let chunked = headers.to_ascii_lowercase().contains("transfer-encoding: ") && headers.ends_with("hunked");
        let body = if chunked {
            [format!("{:x}\r\n", body.len()).into_bytes(), body, b"\r\n0\r\n\r\n".to_vec()].concat()
        } else {
            body
        };
        let podio =
            RawHttp::start([format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n").into_bytes(), body].concat()).await?;
        let mut config = oauth_config();
        config["retries"] = json!(0);
        let stage = stage("codings-transfer", config, json!({}), json!({})).await?;
        let environment = environment(&stage, 1).with("PODIO_API_URL", &podio.url());
        let emitted = outcome(&stage, &environment, &TestMessage::get("/user")).await?;
        match want {
            Ok(text) => assert_eq!(emitted.payload["body"]["responseBody"], text, "{headers}: {}", emitted.text),
            Err(part) => assert!(emitted.error_message()?.contains(part), "{headers}: {}", emitted.text),
        }
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn answers_without_a_body_have_no_coding() -> Result<()> {
    let empty = |status: u16, coding: &str| json!({ "status": status, "headers": { "content-encoding": coding } });
    for (emitted, calls) in
        outcomes("codings-empty", &[empty(200, "gzip"), empty(204, "gzip"), empty(204, "br")]).await?
    {
        assert_eq!((emitted.routing_key.as_str(), calls), ("data", 1), "{}", emitted.text);
        assert_eq!(emitted.payload["body"]["responseBody"], "");
    }
    Ok(())
}

#[tokio::test]
async fn a_damaged_or_unknown_coding_is_an_error_that_says_so() -> Result<()> {
    let text = text();
    let bytes = text.as_bytes();
    let damaged = "it is not whole in the content coding";
    let cases = [
        ("gzip", cut(gzip(bytes)), damaged),
        ("gzip", cut(members(&text)), damaged),
        ("gzip", [gzip(bytes), b"more".to_vec()].concat(), damaged),
        ("gzip", [gzip(bytes), vec![0; 100]].concat(), damaged),
        ("gzip", bytes.to_vec(), damaged),
        ("deflate", cut(zlib(bytes)), damaged),
        ("deflate", [zlib(bytes), b"more".to_vec()].concat(), damaged),
        ("deflate", [deflate(bytes), b"more".to_vec()].concat(), damaged),
        ("gzip, gzip", gzip(bytes), damaged),
        ("br", bytes.to_vec(), "its content coding \"br\" is not supported"),
        ("gzip, Zstd", gzip(bytes), "its content coding \"Zstd\" is not supported"),
        ("compress", bytes.to_vec(), "its content coding \"compress\" is not supported"),
        ("gzip,gzip,gzip,gzip,gzip", gzip(bytes), "more than 4 content codings"),
    ];
    let scripted: Vec<Value> = cases.iter().map(|(coding, bytes, _)| answer(&json!(coding), bytes)).collect();
    for ((emitted, _), (coding, _, want)) in outcomes("codings-bad", &scripted).await?.iter().zip(&cases) {
        let message = emitted.error_message()?;
        assert!(message.contains(want) && !message.contains("no answer"), "{coding}: {message}");
    }
    Ok(())
}

#[tokio::test]
async fn the_size_limit_counts_decoded_bytes() -> Result<()> {
    let bomb = gzip(&vec![b' '; 20_000_000]);
    let cases = [answer(&json!("gzip"), &bomb), answer(&json!("gzip, gzip"), &gzip(&bomb))];
    for (emitted, calls) in outcomes("codings-bomb", &cases).await? {
        let message = emitted.error_message()?;
        assert!(message.contains("more than 1000000 bytes (PODIO_MAX_RESPONSE_SIZE)"), "{message}");
        assert_eq!(calls, 1);
    }
    Ok(())
}

async fn outcome(stage: &Stage, environment: &Environment, input: &TestMessage) -> Result<Emitted> {
    let mut worker = consuming_worker(stage, environment).await?;
    let before = stage.results.count();
    stage.send(input).await?;
    stage.results.wait_for(before + 1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    stage.emitted()?.pop().context("an outcome")
}
