//! Podio as it behaves without scripted answers.

use serde_json::json;

use crate::client::{OAUTH2, get, send};
use crate::sandbox;

#[tokio::test]
async fn fixtures_are_answered_with_podio_s_headers() {
    let sandbox = sandbox("{}").await;
    for (path, pointer, value) in [
        ("/user", "/mail", json!("ops@example.test")),
        ("/user/status", "/profile/name", json!("Ops Bot")),
        ("/org/", "/0/org_id", json!(786_001)),
        ("/app/7", "/app_id", json!(7)),
        ("/oauth/scope", "/0/permissions", json!(["all"])),
    ] {
        let reply = get(sandbox.podio_addr(), path, OAUTH2).await;
        assert_eq!((reply.status, reply.json().pointer(pointer)), (200, Some(&value)), "{path}");
        assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(reply.header("x-rate-limit-limit"), Some("5000"));
        assert!(reply.header("x-rate-limit-remaining").is_some());
        assert_eq!(reply.header("x-podio-request-id").map(str::len), Some(8));
    }
}

#[tokio::test]
async fn errors_have_podio_s_envelope() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let absent = get(addr, "/item/4?a=b", OAUTH2).await;
    let envelope = json!({
        "error": "not_found", "error_description": "Object not found", "error_detail": null, "error_parameters": {},
        "error_propagate": false, "request": {"url": "/item/4", "query_string": "a=b", "method": "GET"},
    });
    assert_eq!((absent.status, absent.json()), (404, envelope));
    assert_eq!(absent.header("content-type"), Some("application/json; charset=utf-8"));
    for call in ["GET /nothing", "GET /item/abc", "PATCH /item/4", "POST /item/app/1/"] {
        let reply = send(addr, call, &[OAUTH2], "").await;
        let description = reply.json()["error_description"].as_str().map(|text| text.contains("No matching operation"));
        assert_eq!((reply.status, description), (404, Some(true)), "{call}");
    }
}

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (head, content) in parts {
        form.extend(format!("--edge\r\ncontent-disposition: form-data; {head}\r\n\r\n").bytes());
        form.extend(*content);
        form.extend(b"\r\n");
    }
    form.extend(b"--edge--\r\n");
    form
}

const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=edge");

#[tokio::test]
async fn a_small_file_comes_back_as_it_was() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let source = "name=\"source\"; filename=\"a.pdf\"\r\ncontent-type: application/pdf";
    let body = form(&[(source, b"\0\xff\r\n--edg"), ("name=\"filename\"", b"b.pdf")]);
    let file = send(addr, "POST /file/", &[OAUTH2, MULTIPART], body).await.json();
    assert_eq!(
        (&file["name"], &file["mimetype"], &file["size"]),
        (&json!("b.pdf"), &json!("application/pdf"), &json!(9))
    );
    let id = file["file_id"].as_u64().expect("an id");
    assert_eq!(file["link"], format!("http://{addr}/file/{id}/raw"));
    assert_eq!(get(addr, &format!("/file/{id}"), OAUTH2).await.json(), file);
    let raw = get(addr, &format!("/file/{id}/raw"), OAUTH2).await;
    assert_eq!((&raw.body[..], raw.header("content-type")), (&b"\0\xff\r\n--edg"[..], Some("application/pdf")));
    assert_eq!(raw.header("content-disposition"), Some("attachment; filename=\"b.pdf\""));
    assert_eq!(send(addr, &format!("DELETE /file/{id}"), &[OAUTH2], "").await.status, 204);
    assert_eq!(get(addr, &format!("/file/{id}/raw"), OAUTH2).await.status, 404);
    let empty = send(addr, "POST /file/", &[OAUTH2, MULTIPART], form(&[("name=\"filename\"", b"b.pdf")])).await;
    assert_eq!((empty.status, &empty.json()["error_description"]), (404, &json!("Missing parameters: source")));
}

#[tokio::test]
async fn a_large_file_is_hashed_and_its_content_generated() {
    let sandbox = sandbox("{}").await;
    let addr = sandbox.podio_addr();
    let content = vec![b'a'; 20 * 1024 * 1024 + 1];
    let body = form(&[("name=\"source\"; filename=\"a.bin\"", &content)]);
    let file = send(addr, "POST /file/", &[OAUTH2, MULTIPART], body).await.json();
    assert_eq!(file["size"], content.len());
    assert_eq!(file["sha256"], "463c9d6050700059896a4493ef8bd901d546995dcccc763b9a453dcb1905703a");
    let raw = get(addr, &format!("/file/{}/raw", file["file_id"]), OAUTH2).await;
    assert_eq!(raw.body.len(), content.len());
    let made = get(addr, "/file/1/raw?size=100001", OAUTH2).await;
    assert_eq!((made.header("content-length"), &made.body[..]), (Some("100001"), &raw.body[..100_001]));
}

#[tokio::test]
async fn a_redirect_has_the_location_and_the_status_of_the_query() {
    let sandbox = sandbox("{}").await;
    let path = "/redirect?to=http%3A%2F%2F127.0.0.1%3A1%2Fx&status=307";
    let reply = get(sandbox.podio_addr(), path, OAUTH2).await;
    assert_eq!((reply.status, reply.header("location")), (307, Some("http://127.0.0.1:1/x")));
    assert_eq!(get(sandbox.podio_addr(), "/redirect?to=/user", OAUTH2).await.status, 302);
    assert_eq!(get(sandbox.podio_addr(), "/redirect?to=/user&status=200", OAUTH2).await.status, 400);
}
