//! The clock of Podio's objects, which a test can stop.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::client::{OAUTH2, call, create, get, send};
use crate::sandbox;

#[tokio::test]
async fn what_happens_while_the_clock_stands_has_the_same_time() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    assert_eq!(send(addr, "PUT /_sandbox/clock", &[], "2026-08-20 09:10:11").await.status, 204);
    let first = create(addr, 30_816_001, &json!({"fields": {"title": "A"}})).await;
    let second = create(addr, 30_816_001, &json!({"fields": {"title": "B"}})).await;
    sandbox.set_clock(Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_787_217_012)));
    call(addr, &format!("PUT /item/{first}"), &json!({"fields": {"title": "C"}})).await;
    call(addr, &format!("PUT /item/{second}?silent=1"), &json!({"fields": {"title": "D"}})).await;
    for (id, last_event) in [(first, "2026-08-20 09:10:12"), (second, "2026-08-20 09:10:11")] {
        let item = get(addr, &format!("/item/{id}"), OAUTH2).await.json();
        assert_eq!(item["created_on"], "2026-08-20 09:10:11");
        assert_eq!(item["current_revision"]["created_on"], "2026-08-20 09:10:12");
        assert_eq!(item["last_event_on"], last_event);
    }
    assert_eq!(send(addr, "PUT /_sandbox/clock", &[], "yesterday").await.status, 400);
    assert_eq!(send(addr, "PUT /_sandbox/clock", &[], "").await.status, 204);
    let now = create(addr, 30_816_001, &json!({"fields": {}})).await;
    let item = get(addr, &format!("/item/{now}"), OAUTH2).await.json();
    assert_ne!(item["created_on"], "2026-08-20 09:10:12");
}
