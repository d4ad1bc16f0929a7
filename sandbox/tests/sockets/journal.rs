//! The journal, through the library and over HTTP.

use podio_sandbox::{Api, Call};

use crate::client::{BASIC, BEARER, JSON, OAUTH2, get, send};
use crate::sandbox;

#[tokio::test]
async fn calls_are_kept_as_they_came_on_the_wire() {
    let sandbox = sandbox("{}").await;
    send(sandbox.podio_addr(), "POST /item/app/1/?hook=false", &[OAUTH2, JSON], r#"{"a":"ü"}"#).await;
    get(sandbox.podio_addr(), "/search/gr%C3%BCn%20k", OAUTH2).await;
    get(sandbox.platform_addr(), "/v1/tasks/f/steps/s", BASIC).await;
    send(sandbox.platform_addr(), "POST /objects", &[BEARER], vec![0xff; 100_000]).await;
    get(sandbox.podio_addr(), "/_sandbox/health", OAUTH2).await;
    let calls = sandbox.calls();
    let seen: Vec<_> =
        calls.iter().map(|call| (call.api, call.method.as_str(), call.path.as_str(), call.status)).collect();
    let expected = [
        (Api::Podio, "POST", "/item/app/1/?hook=false", 200),
        (Api::Podio, "GET", "/search/gr%C3%BCn%20k", 404),
        (Api::Platform, "GET", "/v1/tasks/f/steps/s", 200),
        (Api::Platform, "POST", "/objects", 201),
    ];
    assert_eq!(seen, expected);
    assert_eq!(calls[0].authorization.as_deref(), Some("OAuth2 sandbox-access-token"));
    assert_eq!((calls[0].content_type.as_deref(), calls[0].body.as_str()), (Some("application/json"), r#"{"a":"ü"}"#));
    assert_eq!((calls[1].content_type.as_deref(), calls[1].body.as_str()), (None, ""));
    assert_eq!((calls[3].body_length, calls[3].body.chars().count()), (100_000, 64 * 1024));

    let reply = get(sandbox.platform_addr(), "/_sandbox/calls", BASIC).await;
    let over_http: Vec<Call> = serde_json::from_slice(&reply.body).expect("the journal is JSON");
    assert_eq!(over_http, calls);
    send(sandbox.platform_addr(), "DELETE /_sandbox/calls", &[], "").await;
    assert!(sandbox.calls().is_empty());
}

#[tokio::test]
async fn a_dropped_sandbox_frees_its_ports() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    drop(sandbox);
    tokio::task::yield_now().await;
    let freed = async {
        while tokio::net::TcpListener::bind(addr).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), freed).await.expect("the port is free again");
}
