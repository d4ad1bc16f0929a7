//! Proxies of the environment: they pass requests to `http` addresses on, and tunnel those to `https` addresses.

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Environment, OtherHost, RawHttp, Shown, Stage, TestMessage, TlsServer};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// `user:password` in Base64.
const LOGIN: &str = "basic dxnlcjpwyxnzd29yza==";

async fn outcome(stage: &Stage, environment: &Environment) -> Result<Emitted> {
    let mut worker = consuming_worker(stage, environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    stage.results.wait_for(1, "an outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    stage.emitted()?.pop().context("an outcome")
}

/// No retries, so that a call that fails is told at once.
async fn impatient_stage(label: &str) -> Result<Stage> {
    let mut config = oauth_config();
    config["retries"] = json!(0);
    stage(label, config, json!({ "GET /user": [{ "json": {} }] }), json!({})).await
}

#[tokio::test]
async fn requests_to_http_addresses_are_passed_on() -> Result<()> {
    let proxy = OtherHost::start().await?;
    let stage = impatient_stage("proxy-http").await?;
    let environment = environment(&stage, 1)
        .with("PODIO_API_URL", "http://podio.invalid/")
        .with("http_proxy", &format!("http://user:password@{}", proxy.address()))
        .with("NO_PROXY", "127.0.0.1");
    let emitted = outcome(&stage, &environment).await?;
    assert_eq!(emitted.payload["body"]["responseBody"], json!({ "evil": true }), "{}", emitted.text);
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1, "NO_PROXY keeps the platform's calls away: {requests:?}");
    assert_eq!(requests[0].line, "GET http://podio.invalid/user HTTP/1.1");
    assert_eq!(requests[0].headers["proxy-authorization"].to_lowercase(), LOGIN);
    stage.remove().await
}

/// Answers each CONNECT, and forwards what comes through the tunnel; reports the heads.
async fn tunnels(listener: TcpListener, heads: mpsc::UnboundedSender<String>) -> Result<()> {
    loop {
        let mut client = BufReader::new(listener.accept().await?.0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            client.read_line(&mut head).await?;
        }
        let target = head.split(' ').nth(1).context("a target")?.to_owned();
        heads.send(head)?;
        let mut server = TcpStream::connect(target).await?;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
    }
}

#[tokio::test]
async fn requests_to_https_addresses_are_tunnelled() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (heads, mut seen) = mpsc::unbounded_channel();
    let proxy = tokio::spawn(tunnels(listener, heads));
    let stage = impatient_stage("proxy-https").await?;
    let server = TlsServer::start(stage.sandbox.podio_addr(), Shown::Good).await?;
    let environment = environment(&stage, 1)
        .with("PODIO_API_URL", &server.url())
        .with("SSL_CERT_FILE", &server.authority().display().to_string())
        .with("HTTPS_PROXY", &format!("http://user:password@{address}"));
    let emitted = outcome(&stage, &environment).await?;
    assert_eq!(emitted.routing_key, "data", "{}", emitted.text);
    let head = seen.try_recv()?.to_lowercase();
    assert!(head.starts_with(&format!("connect {} http/1.1\r\n", server.address())), "{head}");
    assert!(head.contains(&format!("proxy-authorization: {LOGIN}\r\n")), "{head}");
    let calls = stage.calls(Api::Podio);
    assert_eq!(calls.len(), 1);
    assert!(seen.try_recv().is_err(), "one connection");
    proxy.abort();
    stage.remove().await
}

#[tokio::test]
async fn a_proxy_that_is_refused_or_of_another_kind_is_told() -> Result<()> {
    let refusing = RawHttp::start("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await?;
    for (proxy, told) in [
        (refusing.url(), "proxy authorization required"),
        ("socks5://127.0.0.1:9".to_owned(), "of the kind \"socks5\"; only http and https proxies are supported"),
    ] {
        let stage = impatient_stage("proxy-refused").await?;
        let environment =
            environment(&stage, 1).with("PODIO_API_URL", "https://podio.invalid/").with("HTTPS_PROXY", &proxy);
        let emitted = outcome(&stage, &environment).await?;
        assert!(emitted.error_message()?.contains(told), "{}", emitted.error_message()?);
        stage.remove().await?;
    }
    Ok(())
}
