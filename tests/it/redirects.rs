//! Redirects: what may follow them to another origin, for Podio, the platform and the token endpoint.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Options};
use podio_test_support::{Emitted, Environment, OtherHost, Stage, TestMessage, Worker};
use serde_json::{Value, json};

use crate::step::{BOUND, answers, consuming_worker, count, environment, oauth_config, stage, stop};

/// An answer that redirects to a path of another host; the path must not appear in any text.
pub(crate) fn away(status: u16, host: &OtherHost) -> Value {
    let location = format!("http://{}/hidden-path?hidden=query", host.address());
    json!([{ "status": status, "headers": { "location": location } }])
}

fn request(method: &str, path: &str, data: Option<&Value>) -> TestMessage {
    TestMessage::new(&json!({ "body": { "method": method, "url": path, "data": data } }))
}

/// Processes one message.
pub(crate) async fn outcome(stage: &Stage, message: &TestMessage) -> Result<Emitted> {
    let before = stage.results.count();
    stage.send(message).await?;
    stage.results.wait_for(before + 1, "an outcome", BOUND).await?;
    stage.emitted()?.pop().context("an outcome")
}

/// The text says where the redirect leads, and nothing else of its address.
pub(crate) fn assert_names_place(text: &str, host: &OtherHost) {
    assert!(text.contains(&format!("http://{}", host.address())), "{text}");
    assert!(!text.contains("hidden"), "{text}");
}

fn log(worker: &Worker) -> String {
    worker.log().all().join("\n")
}

#[tokio::test]
async fn the_content_of_a_message_stays_within_podio_s_origin() -> Result<()> {
    let other = OtherHost::start().await?;
    let data = || Some(json!({ "personal": "data" }));
    let refused = [
        ("POST", 307, data()),
        ("POST", 308, data()),
        ("POST", 307, None),
        ("PUT", 301, data()),
        ("PUT", 302, data()),
        ("PUT", 307, data()),
        ("DELETE", 302, None),
        ("DELETE", 308, data()),
        ("GET", 307, data()),
        ("GET", 302, data()),
    ];
    let mut podio = json!({});
    for (number, (method, status, _)) in refused.iter().enumerate() {
        podio[format!("{method} /{number}")] = away(*status, &other);
    }
    let stage = stage("redirected-content", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    for (number, (method, status, data)) in refused.into_iter().enumerate() {
        let emitted = outcome(&stage, &request(method, &format!("/{number}"), data.as_ref())).await?;
        assert_eq!(emitted.routing_key, "error", "{method} {status}: {}", emitted.payload);
        assert_names_place(emitted.error_message()?, &other);
        assert_eq!(count(&stage.calls(Api::Podio), method, &format!("/{number}")), 1, "{method} {status}");
    }
    stop(&mut worker, BOUND).await?;
    assert_eq!(other.requests().len(), 0, "{:?}", other.requests());
    assert!(!log(&worker).contains("hidden"), "{}", log(&worker));
    stage.remove().await
}

#[tokio::test]
async fn content_follows_redirects_within_its_origin() -> Result<()> {
    let to = |status: u16| json!([{ "status": status, "headers": { "location": "/here" } }]);
    let podio = json!({
        "POST /1": to(307), "POST /2": to(308), "PUT /3": to(301), "POST /4": to(303),
        "POST /here": [{ "json": {} }], "PUT /here": [{ "json": {} }], "GET /here": [{ "json": {} }],
    });
    let stage = stage("redirected-within", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    for (method, path) in [("POST", "/1"), ("POST", "/2"), ("PUT", "/3"), ("POST", "/4")] {
        let emitted = outcome(&stage, &request(method, path, Some(&json!({ "a": 1 })))).await?;
        assert_eq!(emitted.routing_key, "data", "{path}: {}", emitted.payload);
    }
    stop(&mut worker, BOUND).await?;
    let here: Vec<_> = stage.calls(Api::Podio).into_iter().filter(|call| call.path == "/here").collect();
    let seen: Vec<_> = here.iter().map(|call| (call.method.as_str(), call.body.as_str())).collect();
    let content = r#"{"a":1}"#;
    assert_eq!(seen, [("POST", content), ("POST", content), ("PUT", content), ("GET", "")]);
    assert!(here.iter().all(|call| call.authorization.is_some()), "{here:?}");
    stage.remove().await
}

#[tokio::test]
async fn no_request_to_another_origin_carries_the_token_however_often_it_is_redirected_there() -> Result<()> {
    let elsewhere = podio_sandbox::start(Options { only_answers: true, ..Options::default() }).await?;
    let back = |stage: &Stage| format!("{}/back", stage.sandbox.podio_url());
    let stage = stage("redirected-get", oauth_config(), json!({}), json!({})).await?;
    let to = |location: &str| json!([{ "status": 302, "headers": { "location": location } }]);
    elsewhere.set_answers(answers(json!({ "GET /1": to("/2"), "GET /2": to(&back(&stage)) }), json!({}))?)?;
    let podio = json!({
        "GET /user": to(&format!("{}/1", elsewhere.podio_url())),
        "GET /back": [{ "json": { "found": true } }],
    });
    stage.sandbox.set_answers(answers(podio, json!({}))?)?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let emitted = outcome(&stage, &TestMessage::get("/user")).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(emitted.payload["body"]["responseBody"], json!({ "found": true }), "{}", emitted.payload);
    let calls = elsewhere.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls.iter().all(|call| call.authorization.is_none()), "{calls:?}");
    stage.remove().await
}

#[tokio::test]
async fn an_address_with_a_user_is_not_called() -> Result<()> {
    let other = OtherHost::start().await?;
    let location = format!("http://user:hidden@{}/", other.address());
    let podio = json!({ "GET /user": [{ "status": 302, "headers": { "location": location } }] });
    let stage = stage("redirected-login", oauth_config(), podio, json!({})).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    let emitted = outcome(&stage, &TestMessage::get("/user")).await?;
    stop(&mut worker, BOUND).await?;
    assert_names_place(emitted.error_message()?, &other);
    assert_eq!(other.requests().len(), 0);
    stage.remove().await
}

fn refreshing(stage: &Stage) -> Environment {
    environment(stage, 1)
        .with("PODIO_CLIENT_ID", "client-of-the-tests")
        .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", stage.sandbox.podio_url()))
}

fn expired() -> Value {
    json!([{ "status": 401, "json": { "error": "unauthorized" } }, { "json": {} }])
}

#[tokio::test]
async fn renewed_tokens_stay_within_the_platform_s_origin() -> Result<()> {
    for status in [301, 302, 303, 307, 308] {
        let other = OtherHost::start().await?;
        let fresh = json!({ "access_token": "new-access-token", "refresh_token": "new-refresh-token" });
        let podio = json!({ "GET /user": expired(), "POST /oauth/token": [{ "json": fresh }] });
        let platform = json!({ "PUT /v1/accounts/acc1": away(status, &other) });
        let mut config = oauth_config();
        config["_account"] = json!("acc1");
        let stage = stage("redirected-tokens", config, podio, platform).await?;
        let mut worker = consuming_worker(&stage, &refreshing(&stage)).await?;
        let emitted = outcome(&stage, &TestMessage::get("/user")).await?;
        assert_eq!(emitted.routing_key, "data", "{status}: {}", emitted.payload);
        let told = |lines: &[String]| lines.iter().any(|line| line.contains("could not be stored"));
        worker.log().wait_until("the line about the store", BOUND, told).await?;
        stop(&mut worker, BOUND).await?;

        let lines = worker.log().all();
        let line = lines.iter().find(|line| line.contains("could not be stored")).context("the line")?;
        assert_names_place(line, &other);
        assert_eq!(count(&stage.calls(Api::Platform), "PUT", "/v1/accounts/acc1"), 1, "{status}: not repeated");
        let requests = other.requests();
        // What becomes a GET carries nothing; it counts as little as an answer about the tokens.
        assert!(requests.iter().all(|request| request.line.starts_with("GET ")), "{status}: {requests:?}");
        assert!(requests.iter().all(|request| request.authorization().is_none()), "{status}: {requests:?}");
        assert_eq!(requests.len(), usize::from(status == 303), "{status}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_refresh_token_and_the_client_s_secret_are_redirected_nowhere() -> Result<()> {
    for status in [302, 307, 308] {
        let other = OtherHost::start().await?;
        let podio = json!({ "GET /user": expired(), "POST /oauth/token": away(status, &other) });
        let stage = stage("redirected-refresh", oauth_config(), podio, json!({})).await?;
        let mut worker = consuming_worker(&stage, &refreshing(&stage)).await?;
        let emitted = outcome(&stage, &TestMessage::get("/user")).await?;
        stop(&mut worker, BOUND).await?;
        let message = emitted.error_message()?;
        assert!(message.contains("PODIO_TOKEN_URL") && !message.contains("hidden"), "{message}");
        assert_eq!(other.requests().len(), 0, "{status}");
        stage.remove().await?;
    }
    Ok(())
}
