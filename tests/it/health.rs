//! Health: who asks a worker learns whether it lives and takes messages, and does it no harm.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use podio_sandbox::Options;
use podio_test_support::broker::{Broker, Lifetime, StepNames};
use podio_test_support::environment::Endpoints;
use podio_test_support::{
    Ended, Environment, Finished, PrivateBroker, Stage, TestMessage, Worker, http_get, own_address, run_to_end, until,
};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::scrape::{Figures, until_ready_is};
use crate::step::{
    BOUND, REQUEST, consuming_worker, environment, oauth_config, program, stage, step_data, stop, wait_for_podio_calls,
};

fn watched(stage: &Stage, prefetch: usize) -> (Environment, SocketAddr) {
    let address = own_address();
    (environment(stage, prefetch).with("PODIO_HTTP_ADDRESS", &address.to_string()), address)
}

/// What `podio-component health` says of the worker with this address.
async fn health(address: &str) -> Result<(Ended, String)> {
    let environment = [("PODIO_HTTP_ADDRESS", address)];
    let Finished { ended, output, errors, .. } = run_to_end(program(), &["health"], &environment, "", BOUND).await?;
    assert!(errors.is_empty(), "{errors}");
    assert_eq!(output.lines().count(), 1, "{output}");
    Ok((ended, output.trim().to_owned()))
}

#[tokio::test]
async fn a_worker_is_ready_while_it_consumes_and_not_without_the_broker() -> Result<()> {
    let stage = stage("ready", oauth_config(), json!({}), json!({})).await?;
    let (environment, address) = watched(&stage, 1);
    let mut worker = consuming_worker(&stage, &environment).await?;
    assert_eq!(until_ready_is(address, 200).await?, "ready");
    assert_eq!(health(&address.to_string()).await?, (Ended(0), "ready".to_owned()));

    stage.proxy.refuse(true);
    stage.proxy.cut();
    let reason = until_ready_is(address, 503).await?;
    assert!(reason.contains("connection to"), "{reason}");
    let (ended, line) = health(&address.to_string()).await?;
    assert!(ended == Ended(1) && line.starts_with("not ready: the connection to"), "{ended:?} {line}");
    assert_eq!(http_get(address, "/livez").await?.0, 200, "it lives all the same");
    assert_eq!(Figures::read(address).await?.value("podio_connected", &[]), 0);

    stage.proxy.refuse(false);
    until_ready_is(address, 200).await?;
    assert_eq!(Figures::read(address).await?.value("podio_connected", &[]), 1);
    assert_eq!(http_get(address, "/nothing").await?.0, 404);
    stop(&mut worker, BOUND).await?;
    let (ended, line) = health(&address.to_string()).await?;
    assert!(ended == Ended(1) && line.contains("no answer"), "{ended:?} {line}");
    stage.remove().await
}

#[tokio::test]
async fn a_worker_that_stops_is_not_ready() -> Result<()> {
    let podio = json!({ "GET /user": [{ "json": {}, "delay": 3.0 }] });
    let stage = stage("drain", oauth_config(), podio, json!({})).await?;
    let (environment, address) = watched(&stage, 1);
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::get("/user")).await?;
    wait_for_podio_calls(&stage, 1).await?;
    worker.terminate()?;
    let reason = until_ready_is(address, 503).await?;
    assert!(reason.starts_with("stopping"), "{reason}");
    assert_eq!(worker.ended(BOUND).await?, Ended(0));
    stage.results.wait_for(1, "the result", BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn a_worker_is_ready_again_after_a_restart_of_the_broker() -> Result<()> {
    let private = PrivateBroker::start("ready-restart").await?;
    let names = StepNames::unique("ready-restart");
    let sandbox = podio_sandbox::start(Options { only_answers: true, ..Options::default() }).await?;
    sandbox.set_step(&step_data(oauth_config()));
    Broker::connect(private.url()).await?.declare(&names, Lifetime::Restart, &[]).await?;
    let address = own_address();
    let places = Endpoints {
        amqp_url: private.url(),
        queue: &names.input,
        exchange: &names.exchange,
        podio_url: &sandbox.podio_url(),
        platform_url: &sandbox.platform_url(),
    };
    let environment = Environment::for_worker(REQUEST, places).with("PODIO_HTTP_ADDRESS", &address.to_string());
    let mut worker = Worker::start(program(), &environment)?;
    until_ready_is(address, 200).await?;
    let (restarted, unready) = tokio::join!(private.restart(), until_ready_is(address, 503));
    restarted?;
    assert!(unready?.contains("connection to"));
    until_ready_is(address, 200).await?;
    assert!(Figures::read(address).await?.value("podio_reconnects_total", &[]) >= 2);
    stop(&mut worker, BOUND).await
}

#[tokio::test]
async fn slow_many_and_senseless_callers_do_not_touch_the_messages() -> Result<()> {
    const MESSAGES: usize = 200;
    let stage = stage("callers", oauth_config(), json!({ "GET /user": [{ "json": {} }] }), json!({})).await?;
    let (environment, address) = watched(&stage, 10);
    let mut worker = consuming_worker(&stage, &environment).await?;
    let mut callers = Vec::new();
    for n in 0..200_usize {
        let mut socket = TcpStream::connect(address).await?;
        let sent: &[u8] = match n % 4 {
            0 => b"GET /metrics HTTP/1.1\r\nx: ",
            1 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is no HTTP\r\n\r\n",
            2 => b"POST /metrics HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000000\r\n\r\n",
            _ => b"",
        };
        // The worker may have closed it already.
        let _ = socket.write_all(sent).await;
        callers.push(socket);
    }
    let began = Instant::now();
    for _ in 0..MESSAGES {
        stage.send(&TestMessage::get("/user")).await?;
    }
    stage.results.wait_for(MESSAGES, "results", BOUND).await?;
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    // Callers that say nothing are gone after a while, whether they close or not.
    let answered = until("an answer", BOUND, async || Ok(http_get(address, "/readyz").await.ok())).await?;
    assert_eq!(answered.0, 200);
    drop(callers);
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn an_address_that_is_taken_or_malformed_ends_the_start_and_is_named() -> Result<()> {
    let stage = stage("taken", oauth_config(), json!({}), json!({})).await?;
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let taken = (taken.local_addr()?.to_string(), taken);
    for address in [taken.0.as_str(), "9464", "localhost", "127.0.0.1", "127.0.0.1:99999", "[::1]"] {
        let mut worker = Worker::start(program(), &environment(&stage, 1).with("PODIO_HTTP_ADDRESS", address))?;
        assert_eq!(worker.ended(Duration::from_secs(10)).await?, Ended(1), "{address}");
        let last = worker.log().all().pop().context("a line")?;
        assert!(last.contains("PODIO_HTTP_ADDRESS"), "{address}: {last}");
    }
    assert_eq!(health("9464").await?.0, Ended(1));
    stage.remove().await
}
