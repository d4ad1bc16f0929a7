//! The page for a person: its files, the state that it asks for, and what its buttons call.

use serde_json::{Value, json};

use crate::client::{OAUTH2, get, send};
use crate::sandbox;

async fn state(sandbox: &podio_sandbox::Sandbox) -> Value {
    get(sandbox.podio_addr(), "/_sandbox/state", OAUTH2).await.json()
}

#[tokio::test]
async fn the_page_is_served_on_both_listeners_and_loads_nothing_from_elsewhere() {
    let sandbox = sandbox("{}").await;
    for addr in [sandbox.podio_addr(), sandbox.platform_addr()] {
        let page = get(addr, "/_sandbox/", OAUTH2).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
        for file in ["page.css", "page.js"] {
            assert!(String::from_utf8_lossy(&page.body).contains(file));
            assert_eq!(get(addr, &format!("/_sandbox/{file}"), OAUTH2).await.status, 200);
        }
        assert_eq!(get(addr, "/_sandbox", OAUTH2).await.header("location"), Some("/_sandbox/"));
    }
    assert!(sandbox.calls().is_empty(), "the page's own calls are not in the journal");
}

#[tokio::test]
async fn the_state_tells_calls_tokens_and_what_was_ordered() {
    let sandbox = sandbox("{}").await;
    let podio = sandbox.podio_addr();
    let order = send(podio, "POST /_sandbox/answers", &[], "GET /user=status:420,times:2,then:normal\n").await;
    assert_eq!(order.status, 204);
    assert_eq!(send(podio, "PUT /_sandbox/rate-limit", &[], "9/3600").await.status, 204);
    let long = "x".repeat(500);
    send(podio, "GET /user", &[OAUTH2], "").await;
    send(podio, &format!("GET /{long}"), &[OAUTH2], "").await;
    let state = state(&sandbox).await;
    assert_eq!(
        state["faults"],
        json!([{ "api": "podio", "key": "GET /user", "answers": ["420 ×2", "normal"], "given": 1 }])
    );
    assert_eq!(state["call_count"], 2);
    assert_eq!((&state["calls"][1]["path"], &state["calls"][1]["status"]), (&json!("/user"), &json!(420)));
    assert!(state["calls"][0]["path"].as_str().is_some_and(|path| path.len() < 150 && path.ends_with('…')), "cut");
    assert_eq!(state["tokens"][0]["token"], "sandbox-access-token");
    assert_eq!(state["refresh_tokens"], 1);
    assert_eq!((&state["pools"][0]["limit"], &state["pools"][0]["used"]), (&json!(9), &json!(2)));
    assert_eq!(state["podio"], sandbox.podio_url());
}

#[tokio::test]
async fn what_cannot_be_ordered_is_refused_with_the_reason() {
    let sandbox = sandbox("{}").await;
    for (call, body, reason) in [
        ("POST /_sandbox/answers", "GET /user=status:many", "status is `many`"),
        ("POST /_sandbox/answers", "", "there is no `=`"),
        ("POST /_sandbox/answers", "user=status:500", "METHOD /path"),
        ("PUT /_sandbox/rate-limit", "often", "CALLS/SECONDS"),
    ] {
        let refused = send(sandbox.podio_addr(), call, &[], body).await;
        assert_eq!(refused.status, 400, "{body}");
        assert!(String::from_utf8_lossy(&refused.body).contains(reason), "{body}: {:?}", refused.body);
    }
    send(sandbox.podio_addr(), "PUT /_sandbox/rate-limit", &[], "1/60").await;
    send(sandbox.podio_addr(), "PUT /_sandbox/rate-limit", &[], "").await;
    assert_eq!(state(&sandbox).await["pools"], json!([]), "an empty text ends the limit");
}

#[tokio::test]
async fn the_smaller_limit_counts_creates_filters_and_searches_and_then_stops_every_call() {
    let sandbox = sandbox("{}").await;
    let podio = sandbox.podio_addr();
    assert_eq!(send(podio, "PUT /_sandbox/rate-limit-marked", &[], "2/3600").await.status, 204);
    let mut statuses = Vec::new();
    for (line, body) in [
        ("GET /user", ""),
        ("POST /item/app/7/", "{}"),
        ("GET /user", ""),
        ("POST /item/app/7/filter/", "{}"),
        ("GET /user", ""),
        ("POST /search/app/7/", r#"{"query":"a"}"#),
        ("GET /user", ""),
    ] {
        statuses.push(send(podio, line, &[OAUTH2], body).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 420, 420]);
    let pools = state(&sandbox).await["pools"].clone();
    assert_eq!((&pools[0]["limit"], &pools[0]["used"], &pools[1]), (&json!(2), &json!(3), &Value::Null));
    sandbox.set_marked_rate_limit(None);
    assert_eq!(get(podio, "/user", OAUTH2).await.status, 200);
}
