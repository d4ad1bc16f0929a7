//! A plain HTTP client that hides nothing: one connection per call, no decoding, no redirects.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::ext::ReasonPhrase;
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const OAUTH2: (&str, &str) = ("authorization", "OAuth2 sandbox-access-token");
pub(crate) const BASIC: (&str, &str) = ("authorization", "Basic dTpw");
pub(crate) const BEARER: (&str, &str) = ("authorization", "Bearer storage-token");
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) reason: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header in ASCII"))
    }
}

/// Sends `METHOD /path` and reads the whole answer.
pub(crate) async fn try_send(
    addr: SocketAddr,
    call: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Reply, hyper::Error> {
    let (method, target) = call.split_once(' ').expect("a method and a path");
    let mut request = Request::builder().method(method).uri(target).header("host", addr.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).expect("a request");
    let stream = TcpStream::connect(addr).await.expect("the sandbox listens");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let reason = parts.extensions.get::<ReasonPhrase>();
    Ok(Reply {
        status: parts.status.as_u16(),
        reason: reason.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned()),
        headers: parts.headers,
        body: body.collect().await?.to_bytes(),
    })
}

pub(crate) async fn send(addr: SocketAddr, call: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    try_send(addr, call, headers, body).await.expect(call)
}

pub(crate) async fn get(addr: SocketAddr, path: &str, header: (&str, &str)) -> Reply {
    send(addr, &format!("GET {path}"), &[header], "").await
}

/// Sends the bytes of a request and returns everything that arrives until the connection closes.
pub(crate) async fn raw(addr: SocketAddr, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.expect("the sandbox listens");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the connection closes in order");
    answer
}

/// A call of Podio with a JSON body, answered with JSON: the status and the answer.
pub(crate) async fn call(addr: SocketAddr, line: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = send(addr, line, &[OAUTH2, JSON], body).await;
    let answer = if reply.body.is_empty() { Value::Null } else { reply.json() };
    (reply.status, answer)
}

/// Creates an item and returns its id.
pub(crate) async fn create(addr: SocketAddr, app: u64, body: &Value) -> u64 {
    let (status, created) = call(addr, &format!("POST /item/app/{app}/"), body).await;
    assert_eq!(status, 200, "{body}: {created}");
    created["item_id"].as_u64().expect("an id")
}
