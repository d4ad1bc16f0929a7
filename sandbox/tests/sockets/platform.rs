//! The platform as it behaves without scripted answers.

use serde_json::json;

use crate::client::{BASIC, BEARER, get, send};
use crate::sandbox;

#[tokio::test]
async fn calls_require_authorization() {
    let sandbox = sandbox("{}").await;
    for (path, wrong) in [("/v1/tasks/f/steps/s", BEARER), ("/objects/1", BASIC)] {
        assert_eq!(get(sandbox.platform_addr(), path, wrong).await.status, 401, "{path}");
    }
    assert_eq!(get(sandbox.platform_addr(), "/v9", BASIC).await.status, 404);
}

#[tokio::test]
async fn step_data_can_be_replaced() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.platform_addr();
    let step = get(addr, "/v1/tasks/f/steps/s", BASIC).await;
    let default = json!({"config": {"secretId": "sandbox-secret-id"}, "is_passthrough": false, "snapshot": {}});
    assert_eq!((step.status, step.json()), (200, default));
    assert_eq!(send(addr, "PUT /_sandbox/step", &[], r#"{"z":1.50,"a":2}"#).await.status, 204);
    assert_eq!(get(addr, "/v1/tasks/f/steps/s", BASIC).await.body, r#"{"z":1.50,"a":2}"#);
    assert_eq!(send(addr, "PUT /_sandbox/step", &[], "{").await.status, 400);
    sandbox.set_step(&json!({"config": {}}));
    assert_eq!(get(addr, "/v1/tasks/f/steps/s", BASIC).await.body, r#"{"config":{}}"#);
}

#[tokio::test]
async fn startup_data_is_posted_once_until_it_is_deleted() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.platform_addr();
    let path = "/sailor-support/hooks/task/f/startup/data";
    let mut statuses = Vec::new();
    for method in ["GET", "DELETE", "POST", "POST", "GET", "DELETE", "POST"] {
        statuses.push(send(addr, &format!("{method} {path}"), &[BASIC], r#"{"a":1}"#).await.status);
    }
    assert_eq!(statuses, [404, 404, 201, 409, 200, 204, 201]);
    assert_eq!(get(addr, path, BASIC).await.body, r#"{"a":1}"#);
}

#[tokio::test]
async fn keys_are_stored() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.platform_addr();
    let stored = send(addr, "PUT /v1/accounts/acc", &[BASIC], r#"{"keys":{"a":1}}"#).await;
    assert_eq!((stored.status, &stored.body[..]), (200, &b"{}"[..]));
    assert_eq!(get(addr, "/v1/accounts/acc", BASIC).await.body, r#"{"keys":{"a":1}}"#);
}

#[tokio::test]
async fn objects_are_bytes_and_nothing_else() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.platform_addr();
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let stored = send(addr, "POST /objects", &[BEARER], bytes.clone()).await;
    let id = stored.json()["objectId"].as_str().expect("an id").to_owned();
    assert_eq!(stored.status, 201);
    assert_eq!(get(addr, &format!("/objects/{id}"), BEARER).await.body, bytes);
    assert_eq!(sandbox.objects(), [id.parse::<uuid::Uuid>().expect("a UUID")]);
    assert_eq!(send(addr, &format!("PUT /objects/{id}"), &[BEARER], "new").await.status, 200);
    assert_eq!(sandbox.object(id.parse().expect("a UUID")).as_deref(), Some(&b"new"[..]));
    assert_eq!(send(addr, &format!("DELETE /objects/{id}"), &[BEARER], "").await.status, 204);
    assert_eq!(get(addr, &format!("/objects/{id}"), BEARER).await.status, 404);
    let put = sandbox.put_object("from here");
    assert_eq!(get(addr, &format!("/objects/{put}"), BEARER).await.body, "from here");
}
