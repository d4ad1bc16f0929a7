//! Answers whose head or framing has no end, and interim answers before the final one.

use anyhow::{Context, Result};
use podio_test_support::{Emitted, RawHttp, TestMessage};
use serde_json::json;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// The most that is read of what has no end: the library's buffer, and those of the sockets.
const MOST: u64 = 16 * 1024 * 1024;

async fn outcome(podio: &RawHttp) -> Result<Emitted> {
    let mut config = oauth_config();
    config["retries"] = json!(0);
    let stage = stage("endless", config, json!({}), json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1).with("PODIO_API_URL", &podio.url())).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    stage.remove().await?;
    stage.emitted()?.pop().context("an outcome")
}

#[tokio::test]
async fn interim_answers_are_passed_over() -> Result<()> {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"user_id\":1}";
    for interim in ["HTTP/1.1 100 Continue\r\n\r\n".to_owned(), hints.to_owned(), hints.repeat(20)] {
        let podio = RawHttp::start(format!("{interim}{last}")).await?;
        let emitted = outcome(&podio).await?;
        assert_eq!(emitted.payload["body"]["responseBody"], json!({ "user_id": 1 }), "{}", emitted.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_head_framing_or_interim_answers_without_end_are_an_error() -> Result<()> {
    let chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2";
    for (first, again, want) in [
        ("HTTP/1.1 200 OK\r\n".to_owned(), "x: y\r\n", "its head is malformed or too large"),
        ("HTTP/1.1 200 OK\r\nx: ".to_owned(), "yyyyyyyy", "its head is malformed or too large"),
        ("HTTP/1.1 200 ".to_owned(), "yyyyyyyy", "its head is malformed or too large"),
        (String::new(), "HTTP/1.1 100 Continue\r\n\r\n", "more than 100 interim answers (1xx)"),
        (String::new(), "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", "more than 100 interim answers (1xx)"),
        (format!("{chunk};"), "yyyyyyyy", "its body is malformed (chunk extensions over limit)"),
        (format!("{chunk}\r\n{{}}\r\n0\r\n"), "x: y\r\n", "its body is malformed (chunk trailers"),
        (format!("{chunk}\r\n{{}}\r\n0\r\nx: "), "yyyyyyyy", "its body is malformed (chunk trailers"),
    ] {
        let podio = RawHttp::endless(first.clone(), again.repeat(8 * 1024)).await?;
        let emitted = outcome(&podio).await?;
        assert!(emitted.error_message()?.contains(want), "{first:?} {again:?}: {}", emitted.error_message()?);
        assert!(podio.sent() < MOST, "{first:?} {again:?}: {} bytes", podio.sent());
    }
    Ok(())
}
