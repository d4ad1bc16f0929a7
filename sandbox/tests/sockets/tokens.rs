//! The token endpoint, and which tokens Podio accepts.

use std::net::SocketAddr;
use std::time::Duration;

use podio_sandbox::Options;
use serde_json::json;

use crate::client::{BASIC, FORM, JSON, OAUTH2, Reply, get, send};
use crate::{sandbox, start};

async fn refresh(addr: SocketAddr, token: &str) -> Reply {
    let form =
        format!("grant_type=refresh_token&refresh_token={token}&client_id=sandbox-client&client_secret=sandbox-secret");
    send(addr, "POST /oauth/token", &[FORM], form).await
}

async fn user(addr: SocketAddr, authorization: &str) -> (u16, serde_json::Value) {
    let reply = get(addr, "/user", ("authorization", authorization)).await;
    (reply.status, reply.json()["error_description"].clone())
}

#[tokio::test]
async fn a_refresh_rotates_both_tokens() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let first = refresh(addr, "sandbox-refresh-token").await;
    let credential = first.json();
    assert_eq!(first.status, 200);
    assert_eq!((&credential["token_type"], &credential["expires_in"]), (&json!("bearer"), &json!(28_800)));
    assert_eq!(
        (&credential["scope"], &credential["ref"]),
        (&json!("global:all"), &json!({"type": "user", "id": 7_700_123}))
    );
    let access = credential["access_token"].as_str().expect("a token");
    assert_eq!(user(addr, &format!("Bearer {access}")).await.0, 200);
    let second = refresh(addr, "sandbox-refresh-token").await;
    assert_eq!((second.status, &second.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(second.json()["request"], json!({"url": "/oauth/token", "query_string": "", "method": "POST"}));
    assert_eq!(refresh(addr, credential["refresh_token"].as_str().expect("a token")).await.status, 200);
}

#[tokio::test]
async fn without_rotation_a_refresh_token_stays_valid() {
    let sandbox = start(Options { rotate: false, ..Options::default() }).await;
    for _ in 0..2 {
        let credential = refresh(sandbox.podio_addr(), "sandbox-refresh-token").await.json();
        assert_eq!(credential["refresh_token"], "sandbox-refresh-token");
    }
}

#[tokio::test]
async fn each_endpoint_accepts_one_encoding() {
    let sandbox = sandbox("{}").await;
    let form = "grant_type=authorization_code&code=code-1&client_id=sandbox-client&client_secret=sandbox-secret";
    let json = r#"{"grant_type":"authorization_code","code":"code-1","client_id":"sandbox-client","client_secret":"sandbox-secret"}"#;
    for (path, encoding, body, status, error, description) in [
        ("/oauth/token", FORM, form, 200, json!(null), json!(null)),
        ("/oauth/token/v2", JSON, json, 200, json!(null), json!(null)),
        ("/oauth/token", JSON, json, 400, json!("invalid_client"), json!("Missing parameter client_id")),
        (
            "/oauth/token/v2",
            FORM,
            form,
            400,
            json!("invalid_value"),
            json!("Invalid value null (null): must be object"),
        ),
        (
            "/oauth/token",
            FORM,
            "client_id=x&client_secret=y",
            400,
            json!("invalid_client"),
            json!("you've supplied an invalid client id"),
        ),
    ] {
        let reply = send(sandbox.podio_addr(), &format!("POST {path}"), &[encoding], body).await;
        let envelope = reply.json();
        assert_eq!(
            (reply.status, &envelope["error"], &envelope["error_description"]),
            (status, &error, &description),
            "{path} {body}"
        );
    }
    let basic = ("authorization", "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=");
    let body = "grant_type=refresh_token&refresh_token=sandbox-refresh-token";
    assert_eq!(send(sandbox.podio_addr(), "POST /oauth/token", &[FORM, basic], body).await.status, 200);
}

#[tokio::test]
async fn authorize_redirects_with_a_valid_code() {
    let sandbox = sandbox("{}").await;
    let path = "/oauth/authorize?client_id=sandbox-client&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb&state=a%26b";
    let reply = get(sandbox.podio_addr(), path, ("accept", "*/*")).await;
    let location = reply.header("location").expect("a redirect");
    let (code, state) =
        location.strip_prefix("http://127.0.0.1:1/cb?code=").and_then(|rest| rest.split_once('&')).expect(location);
    assert_eq!((reply.status, state), (302, "state=a%26b"));
    let form =
        format!("grant_type=authorization_code&code={code}&client_id=sandbox-client&client_secret=sandbox-secret");
    assert_eq!(send(sandbox.podio_addr(), "POST /oauth/token", &[FORM], form).await.status, 200);
}

#[tokio::test]
async fn calls_without_a_valid_token_learn_why() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    assert_eq!(user(addr, "Basic abc").await, (401, json!("invalid_request")));
    assert_eq!(user(addr, "OAuth2").await.0, 400);
    assert_eq!(user(addr, "OAuth2 nonsense").await, (401, json!("expired_token")));
    let challenge = r#"Bearer realm="podio", error="expired_token""#;
    let reply = get(addr, "/user", ("authorization", "Bearer nonsense")).await;
    assert_eq!((reply.header("www-authenticate"), reply.header("authorization")), (Some(challenge), Some(challenge)));
    assert_eq!(send(addr, "GET /user", &[], "").await.json()["error_description"], "invalid_request");
    assert_eq!(user(addr, OAUTH2.1).await.0, 200);
    send(addr, "POST /_sandbox/expire-tokens", &[], "").await;
    assert_eq!(user(addr, OAUTH2.1).await, (401, json!("expired_token")));
    send(addr, "POST /_sandbox/revoke", &[], "").await;
    assert_eq!(refresh(addr, "sandbox-refresh-token").await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn tokens_expire_and_the_platform_refreshes_them() {
    let sandbox = start(Options { token_lifetime: Duration::from_secs(2), ..Options::default() }).await;
    let secret = |reply: &Reply| reply.json()["data"]["attributes"]["credentials"].clone();
    let held = get(sandbox.platform_addr(), "/v2/workspaces/w/secrets/s", BASIC).await;
    assert_eq!(
        (&held.json()["data"]["id"], &secret(&held)["access_token"]),
        (&json!("s"), &json!("sandbox-access-token"))
    );
    assert_eq!(secret(&held)["fields"], json!({}));
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(user(sandbox.podio_addr(), OAUTH2.1).await.0, 401);
    let fresh = send(sandbox.platform_addr(), "POST /v2/workspaces/w/secrets/s/refresh", &[BASIC], "").await;
    let token = secret(&fresh)["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(user(sandbox.podio_addr(), &format!("OAuth2 {token}")).await.0, 200);
    let held = get(sandbox.platform_addr(), "/v2/workspaces/w/secrets/s", BASIC).await;
    assert_eq!(secret(&held)["access_token"], token);
    sandbox.revoke_refresh_tokens();
    let refused = send(sandbox.platform_addr(), "POST /v2/workspaces/w/secrets/s/refresh", &[BASIC], "").await;
    assert_eq!(refused.status, 400);
}
