//! Certificates of the servers that the worker calls: one that is not good is final, and private authorities can be trusted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Emitted, Ended, Environment, Shown, Stage, TestMessage, TlsServer, Worker};
use serde_json::json;
use tokio::net::TcpListener;

use crate::step::{BOUND, consuming_worker, count, environment, oauth_config, program, stage, stop};

/// Certificates that are not good, and what an error says of each.
const BAD: [(Shown, &str); 4] = [
    (Shown::Expired, "expired"),
    (Shown::Early, "not valid before"),
    (Shown::OtherName, "other.example"),
    (Shown::SelfSigned, "issuer is not trusted"),
];
const ADVICE: &str = "SSL_CERT_FILE or NODE_EXTRA_CA_CERTS";

/// A server whose certificates the worker of `environment` trusts, besides no others of this machine.
async fn trusted(upstream: SocketAddr, shown: Shown, environment: Environment) -> Result<(TlsServer, Environment)> {
    let server = TlsServer::start(upstream, shown).await?;
    let environment = environment.with("SSL_CERT_FILE", &server.authority().display().to_string());
    Ok((server, environment))
}

/// Processes one message; returns its outcome and the log.
async fn outcome(stage: &Stage, environment: &Environment, message: &TestMessage) -> Result<(Emitted, String)> {
    let mut worker = consuming_worker(stage, environment).await?;
    stage.send(message).await?;
    stage.results.wait_for(1, "an outcome", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    Ok((stage.emitted()?.pop().context("an outcome")?, worker.log().all().join("\n")))
}

/// The environment of a worker whose token endpoint is this server.
fn with_client(environment: Environment, server: &TlsServer) -> Environment {
    environment
        .with("PODIO_CLIENT_ID", "client-of-the-tests")
        .with("PODIO_CLIENT_SECRET", "secret-of-the-client")
        .with("PODIO_TOKEN_URL", &format!("{}/oauth/token", server.url()))
}

/// The environment of a worker that stores every result at this server.
fn with_storage(environment: Environment, server: &TlsServer) -> Environment {
    environment
        .with("ELASTICIO_OBJECT_STORAGE_URI", &server.url())
        .with("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "true")
        .with("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "100")
}

fn assert_told(text: &str, problem: &str) {
    for part in ["certificate of 127.0.0.1 is not accepted", problem, ADVICE] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("may be down"), "{text}");
}

#[tokio::test]
async fn a_certificate_of_podio_that_is_not_good_is_final_and_told() -> Result<()> {
    for (shown, problem) in BAD {
        let stage = stage("certificate-podio", oauth_config(), json!({}), json!({})).await?;
        let (server, environment) = trusted(stage.sandbox.podio_addr(), shown, environment(&stage, 1)).await?;
        let environment = environment.with("PODIO_API_URL", &server.url());
        let (emitted, _) = outcome(&stage, &environment, &TestMessage::get("/user")).await?;
        assert_told(emitted.error_message()?, problem);
        assert_eq!(server.connections(), 1, "{shown:?}: it is not retried");
        assert_eq!(stage.calls(Api::Podio).len(), 0, "{shown:?}: nothing is sent");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_of_the_token_endpoint_that_is_not_good_is_final_and_told() -> Result<()> {
    for (shown, problem) in BAD {
        let podio = json!({ "GET /user": [{ "status": 401, "json": {} }] });
        let stage = stage("certificate-token", oauth_config(), podio, json!({})).await?;
        let (server, environment) = trusted(stage.sandbox.podio_addr(), shown, environment(&stage, 1)).await?;
        let (emitted, _) = outcome(&stage, &with_client(environment, &server), &TestMessage::get("/user")).await?;
        let message = emitted.error_message()?;
        assert_told(message, problem);
        assert!(!message.contains("Authorize"), "that would not help: {message}");
        assert_eq!(server.connections(), 1, "{shown:?}");
        assert_eq!(count(&stage.calls(Api::Podio), "POST", "/oauth/token"), 0, "{shown:?}: nothing is sent");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_of_the_platform_that_is_not_good_ends_the_start() -> Result<()> {
    for (shown, problem) in BAD {
        let stage = stage("certificate-platform", oauth_config(), json!({}), json!({})).await?;
        let (server, environment) = trusted(stage.sandbox.platform_addr(), shown, environment(&stage, 1)).await?;
        let mut worker = Worker::start(program(), &environment.with("ELASTICIO_API_URI", &server.url()))?;
        assert_eq!(worker.ended(BOUND).await?, Ended(1), "{shown:?}");
        assert_told(&worker.log().all().join("\n"), problem);
        assert_eq!(server.connections(), 1, "{shown:?}");
        assert_eq!(stage.calls(Api::Platform).len(), 0, "{shown:?}: nothing is sent");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_of_the_object_storage_that_is_not_good_is_final_and_told() -> Result<()> {
    for (shown, problem) in BAD {
        let podio = json!({ "GET /user": [{ "json": { "user": "u".repeat(300) } }] });
        let stage = stage("certificate-storage", oauth_config(), podio, json!({})).await?;
        let (server, environment) = trusted(stage.sandbox.platform_addr(), shown, environment(&stage, 1)).await?;
        let environment = with_storage(environment, &server);
        let (emitted, log) = outcome(&stage, &environment, &TestMessage::get("/user")).await?;
        assert_eq!(emitted.error_message()?, "Lightweight message/passthrough body upload error");
        assert_told(&log, problem);
        assert_eq!(server.connections(), 1, "{shown:?}");
        assert_eq!(count(&stage.calls(Api::Platform), "POST", "/objects"), 0, "{shown:?}: nothing is sent");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_of_a_file_s_source_that_is_not_good_is_told() -> Result<()> {
    let stage = stage("certificate-source", oauth_config(), json!({}), json!({})).await?;
    let (server, environment) = trusted(stage.sandbox.platform_addr(), Shown::Early, environment(&stage, 1)).await?;
    let environment = environment.with("ELASTICIO_FUNCTION", "uploadFile");
    let message = TestMessage::new(&json!({ "body": { "url": format!("{}/file", server.url()) } }));
    let (emitted, _) = outcome(&stage, &environment, &message).await?;
    assert_told(emitted.error_message()?, "not valid before");
    assert_eq!(server.connections(), 1);
    stage.remove().await
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_handshake_is_no_certificate_s_problem() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://{}", listener.local_addr()?);
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    let closing = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            drop(stream);
        }
    });
    let mut config = oauth_config();
    config["retries"] = json!(2);
    let stage = stage("broken-handshake", config, json!({}), json!({})).await?;
    let environment = environment(&stage, 1).with("PODIO_API_URL", &url);
    let (emitted, _) = outcome(&stage, &environment, &TestMessage::get("/user")).await?;
    closing.abort();
    let message = emitted.error_message()?;
    assert!(message.contains("after 3 attempts") && !message.contains("certificate"), "{message}");
    assert_eq!(connections.load(Ordering::Relaxed), 3);
    stage.remove().await
}

/// The environment of a worker that reaches everything through TLS servers of three private authorities, and the file
/// with the certificates of all three. The token endpoint is Podio's server, the object storage the platform's.
async fn private(stage: &Stage) -> Result<(Vec<TlsServer>, Environment, String)> {
    let podio = TlsServer::start(stage.sandbox.podio_addr(), Shown::Good).await?;
    let platform = TlsServer::start(stage.sandbox.platform_addr(), Shown::Good).await?;
    let broker = TlsServer::start(stage.proxy.address(), Shown::Good).await?;
    let environment = environment(stage, 1);
    let variables: Vec<_> = environment.variables().collect();
    let (_, uri) = variables.iter().find(|(name, _)| *name == "ELASTICIO_AMQP_URI").context("the broker's address")?;
    let uri = uri.replacen("amqp://", "amqps://", 1);
    let uri = uri.replacen(&stage.proxy.address().to_string(), &broker.address().to_string(), 1);
    let environment = environment
        .with("ELASTICIO_AMQP_URI", &uri)
        .with("ELASTICIO_API_URI", &platform.url())
        .with("PODIO_API_URL", &podio.url());
    let environment = with_storage(with_client(environment, &podio), &platform);
    let servers = vec![podio, platform, broker];
    let read = |server: &TlsServer| std::fs::read_to_string(server.authority());
    let all = servers.iter().map(read).collect::<Result<String, _>>()?;
    Ok((servers, environment, all))
}

#[tokio::test]
async fn private_authorities_are_trusted_for_http_and_the_broker() -> Result<()> {
    for variable in ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"] {
        let podio = json!({
            "GET /user": [{ "status": 401, "json": {} }, { "json": { "user": "u".repeat(300) } }],
            "POST /oauth/token": [{ "json": { "access_token": "new-access-token" } }],
        });
        let stage = stage("private-authority", oauth_config(), podio, json!({})).await?;
        let (servers, environment, all) = private(&stage).await?;
        let file = servers[0].folder().join("all.pem");
        std::fs::write(&file, all)?;
        let environment = environment.with(variable, &file.display().to_string());
        let (emitted, log) = outcome(&stage, &environment, &TestMessage::get("/user")).await?;
        assert_eq!(emitted.routing_key, "data", "{variable}: {}", emitted.payload);
        assert!(servers.iter().all(|server| server.connections() > 0), "{servers:?}");
        assert!(!log.contains("NODE_EXTRA_CA_CERTS"), "nothing to warn of: {log}");
        let calls = stage.calls(Api::Podio);
        assert_eq!((count(&calls, "GET", "/user"), count(&calls, "POST", "/oauth/token")), (2, 1), "{variable}");
        assert_ne!(count(&stage.calls(Api::Platform), "POST", "/objects"), 0, "{variable}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn extra_certificates_stand_beside_the_others_and_those_that_cannot_be_read_are_a_warning() -> Result<()> {
    const BAD: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let stage =
        stage("extra-certificates", oauth_config(), json!({ "GET /user": [{ "json": {} }] }), json!({})).await?;
    let (servers, environment, all) = private(&stage).await?;
    let file = |name: &str, content: &str| {
        let file = servers[0].folder().join(name);
        std::fs::write(&file, content).map(|()| file.display().to_string())
    };
    let (missing, text) = (servers[0].folder().join("missing.pem").display().to_string(), file("text.pem", "no PEM")?);
    let authority = |server: usize| std::fs::read_to_string(servers[server].authority());
    // Two authorities come from one variable, the third from the other.
    let two = file("two.pem", &format!("{}{}", authority(0)?, authority(1)?))?;
    let third = file("third.pem", &format!("{BAD}{}", authority(2)?))?;
    let all = file("all.pem", &all)?;
    for (others, extra, warning) in
        [(&two, &third, "cannot be parsed"), (&all, &missing, "No such file"), (&all, &text, "no PEM certificates")]
    {
        let environment = environment.clone().with("SSL_CERT_FILE", others).with("NODE_EXTRA_CA_CERTS", extra);
        let before = stage.results.count();
        let mut worker = consuming_worker(&stage, &environment).await?;
        stage.send(&TestMessage::get("/user")).await?;
        stage.results.wait_for(before + 1, "a result", BOUND).await?;
        stop(&mut worker, BOUND).await?;
        let log = worker.log().all();
        let line = log.iter().find(|line| line.contains("NODE_EXTRA_CA_CERTS")).context("a warning")?;
        assert!(line.contains(warning) && line.contains(extra.as_str()), "{line}");
    }
    assert!(stage.emitted()?.iter().all(|emitted| emitted.routing_key == "data"));
    stage.remove().await
}
