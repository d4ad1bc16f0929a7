//! Scripted answers as they look on the wire.

use std::io::Read;
use std::time::{Duration, Instant};

use podio_sandbox::Options;
use serde_json::json;

use crate::client::{BASIC, BEARER, OAUTH2, get, raw, send, try_send};
use crate::{parse, sandbox, start};

const GET_USER: &str = "GET /user HTTP/1.1\r\nhost: h\r\n\r\n";

#[tokio::test]
async fn a_reset_closes_without_a_byte_and_the_next_call_is_normal() {
    let sandbox = sandbox(r#"{"podio": {"GET /user": [{"reset": true, "then": "normal"}]}}"#).await;
    assert_eq!(raw(sandbox.podio_addr(), GET_USER).await, b"");
    let reply = get(sandbox.podio_addr(), "/user", OAUTH2).await;
    assert_eq!((reply.status, reply.json()["user_id"].as_u64()), (200, Some(7_700_123)));
    let statuses: Vec<_> = sandbox.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [0, 200]);
}

#[tokio::test]
async fn a_reset_comes_after_the_request_was_read() {
    let sandbox = sandbox(r#"{"podio": {"POST /item/app/1/": [{"reset": true}]}}"#).await;
    let error = try_send(sandbox.podio_addr(), "POST /item/app/1/", &[], r#"{"a":1}"#).await.err();
    assert!(error.expect("no answer").is_incomplete_message());
    assert_eq!(sandbox.calls()[0].body, r#"{"a":1}"#);
}

#[tokio::test]
async fn a_call_can_be_executed_before_its_answer_is_lost() {
    let answers = r#"{"podio": {"POST /item/app/7/": [{"normal": true, "times": 2},
        {"after": true, "reset": true}, {"after": true, "status": 503, "json": {}, "then": "again"}]}}"#;
    let sandbox = sandbox(answers).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let reply = try_send(sandbox.podio_addr(), "POST /item/app/7/", &[OAUTH2], r#"{"fields":{"title":"A"}}"#).await;
        statuses.push(reply.map_or(0, |reply| reply.status));
    }
    assert_eq!(statuses, [200, 200, 0, 503, 200, 200]);
    let page = send(sandbox.podio_addr(), "POST /item/app/7/filter/", &[OAUTH2], "{}").await.json();
    assert_eq!(page["total"], 6, "all were created");
    assert_eq!(sandbox.calls()[2].body, r#"{"fields":{"title":"A"}}"#);
}

#[tokio::test]
async fn midbody_sends_a_head_and_a_few_bytes() {
    let sandbox = sandbox(r#"{"podio": {"GET /user": [{"reset": "midbody"}]}}"#).await;
    let answer = String::from_utf8(raw(sandbox.podio_addr(), GET_USER).await).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-length: 1000"), "{head}");
    assert!(!body.is_empty() && body.len() < 1000, "{body}");
    assert_eq!(sandbox.calls()[0].status, 200);
}

#[tokio::test]
async fn large_json_is_gzipped_for_a_caller_who_accepts_it() {
    let sandbox = sandbox(r#"{"podio": {"GET /big": [{"size": 5000}], "GET /small": [{"json": {}}]}}"#).await;
    let gzip = ("accept-encoding", "br, gzip;q=0.5");
    let gzipped = get(sandbox.podio_addr(), "/big", gzip).await;
    assert_eq!(gzipped.header("content-encoding"), Some("gzip"));
    assert_eq!(gzipped.header("content-type"), Some("application/json; charset=utf-8"));
    let mut unzipped = String::new();
    flate2::read::GzDecoder::new(&gzipped.body[..]).read_to_string(&mut unzipped).expect("gzip");
    assert_eq!(unzipped, json!({"blob": "x".repeat(5000)}).to_string());
    let plain = get(sandbox.podio_addr(), "/big", ("accept-encoding", "br")).await;
    assert_eq!((plain.header("content-encoding"), &plain.body[..]), (None, unzipped.as_bytes()));
    assert_eq!(get(sandbox.podio_addr(), "/small", gzip).await.header("content-encoding"), None);
}

#[tokio::test]
async fn headers_repeat_and_replace_and_a_reason_is_sent() {
    let answers = r#"{"podio": {"GET /a": [{"status": 420, "reason": "Enhance Your Calm", "json": {"b" : 1},
        "headers": {"Set-Cookie": ["a=1", "b=2"], "content-type": "application/hal+json"}}],
        "GET /none": [{"status": 204}]}}"#;
    let sandbox = sandbox(answers).await;
    let reply = get(sandbox.podio_addr(), "/a", OAUTH2).await;
    assert_eq!((reply.status, reply.reason.as_deref()), (420, Some("Enhance Your Calm")));
    let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert_eq!(reply.header("content-type"), Some("application/hal+json"));
    assert_eq!(reply.body, r#"{"b":1}"#);
    let none = get(sandbox.podio_addr(), "/none", OAUTH2).await;
    assert_eq!((none.status, none.header("content-type"), none.body.len()), (204, None, 0));
}

#[tokio::test]
async fn a_delay_precedes_the_answer_and_a_caller_who_leaves_is_in_the_journal() {
    let sandbox = sandbox(r#"{"podio": {"GET /a": [{"delay": 0.2}], "GET /b": [{"delay": 60}]}}"#).await;
    let start = Instant::now();
    assert_eq!(get(sandbox.podio_addr(), "/a", OAUTH2).await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(200));
    let call = get(sandbox.podio_addr(), "/b", OAUTH2);
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    let last = sandbox.calls().pop().expect("a call");
    assert_eq!((last.path.as_str(), last.status), ("/b", 0));
}

#[tokio::test]
async fn with_only_answers_nothing_else_works_but_step_data_and_objects() {
    let step = json!({"config": {"a": 1}});
    let answers = parse(r#"{"podio": {"GET /search/grün käse": [{"json": null}]}}"#);
    let sandbox = start(Options { answers, only_answers: true, step: step.clone(), ..Options::default() }).await;
    let (podio, platform) = (sandbox.podio_addr(), sandbox.platform_addr());
    assert_eq!(send(podio, "GET /search/gr%C3%BCn%20k%C3%A4se", &[], "").await.body, "null");
    let other = send(podio, "GET /user", &[], "").await;
    assert_eq!(
        (other.status, &other.body[..]),
        (404, &br#"{"error":"not_found","error_description":"no script"}"#[..])
    );
    assert_eq!(other.header("x-podio-request-id"), None);
    assert_eq!(send(platform, "GET /v1/tasks/f/steps/s", &[], "").await.json(), step);
    assert_eq!(send(platform, "GET /v2/workspaces/w/secrets/s", &[BASIC], "").await.status, 404);
    assert_eq!(send(platform, "POST /objects", &[], "bytes").await.status, 201);
    sandbox
        .set_answers(parse(r#"{"platform": {"GET /v1/tasks/f/steps/s": [{"status": 500}]}}"#))
        .expect("valid answers");
    assert_eq!(send(platform, "GET /v1/tasks/f/steps/s", &[], "").await.status, 500);
    assert_eq!(send(podio, "GET /search/gr%C3%BCn%20k%C3%A4se", &[], "").await.status, 404);
}

#[tokio::test]
async fn answers_are_scripted_and_removed_over_http() {
    let sandbox = sandbox("{}").await;
    let (podio, platform) = (sandbox.podio_addr(), sandbox.platform_addr());
    let script = r#"{"podio": {"POST /file/": [{"status": 503}]}, "platform": {"POST /objects": [{"status": 507}]}}"#;
    assert_eq!(send(platform, "PUT /_sandbox/answers", &[], script).await.status, 204);
    assert_eq!(send(podio, "POST /file/", &[OAUTH2], "streamed").await.status, 503);
    assert_eq!(send(platform, "POST /objects", &[BEARER], "streamed").await.status, 507);
    let scripted = send(podio, "GET /_sandbox/answers", &[], "").await.json();
    assert_eq!(scripted["podio"]["POST /file/"][0]["status"], 503);
    let bad = send(podio, "PUT /_sandbox/answers", &[], r#"{"podio": {"GET /a": [{"status": 7}]}}"#).await;
    assert_eq!(bad.status, 400);
    assert_eq!(bad.body, "answer for `GET /a`: status 7 is not one from 200 to 999\n");
    assert_eq!(send(podio, "DELETE /_sandbox/answers", &[], "").await.status, 204);
    assert_eq!(send(platform, "POST /objects", &[BEARER], "streamed").await.status, 201);
}
