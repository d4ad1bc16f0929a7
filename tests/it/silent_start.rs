//! A stop while the worker starts and the broker or the platform accepts a connection but says nothing.

use std::time::{Duration, Instant};

use anyhow::Result;
use podio_test_support::{Ended, Environment, Stage, Worker, until};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::step::{BOUND, environment, oauth_config, program, stage};

const STEP_DATA: &str = "GET /v1/tasks/flow1/steps/step_2";
/// A start goes on for 1.5 s after a stop.
const PROMPT: Duration = Duration::from_secs(3);
/// Longer than the time after which a connection is open.
const OPEN: Duration = Duration::from_millis(700);

/// A peer that sends these bytes once a request begins, reads nothing, and keeps the connections open.
struct Silent {
    address: String,
    connections: watch::Receiver<usize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Silent {
    async fn start(says: &'static [u8]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (count, connections) = watch::channel(0);
        let accepting = tokio::spawn(async move {
            let mut open: Vec<TcpStream> = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.peek(&mut [0]).await;
                let _ = stream.write_all(says).await;
                open.push(stream);
                count.send_replace(open.len());
            }
        });
        Ok(Self { address, connections, accepting })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Starts a worker, stops it once `silent` has `connections`, and checks that it ends in order and in time.
async fn stop_start(environment: &Environment, silent: &Silent, connections: usize) -> Result<String> {
    let mut worker = Worker::start(program(), environment)?;
    let reached = async || Ok((*silent.connections.borrow() >= connections).then_some(()));
    until("the connections", BOUND, reached).await?;
    ends(&mut worker, PROMPT).await
}

async fn ends(worker: &mut Worker, bound: Duration) -> Result<String> {
    worker.terminate()?;
    let asked = Instant::now();
    let ended = worker.ended(BOUND).await?;
    let log = worker.log().all().join("\n");
    assert_eq!(ended, Ended(0), "{log}");
    assert!(asked.elapsed() < bound, "it took {:?}:\n{log}", asked.elapsed());
    Ok(log)
}

async fn setup(label: &str, platform: Value) -> Result<(Stage, Environment)> {
    let stage = stage(label, oauth_config(), json!({}), platform).await?;
    let environment = environment(&stage, 1);
    Ok((stage, environment))
}

#[tokio::test]
async fn a_stop_ends_a_start_whose_broker_says_nothing() -> Result<()> {
    // Nothing, the head of a frame, and the begin of `connection.start`.
    for (scheme, says) in [
        ("amqp", &b""[..]),
        ("amqp", b"\x01\0\0\0\0\x01"),
        ("amqp", b"\x01\0\0\0\0\x01\xff\0\x0a\0\x0a\0\x09"),
        ("amqps", b""),
        ("amqps", b"\x16\x03\x03\0\x7a"),
    ] {
        let silent = Silent::start(says).await?;
        let (stage, environment) = setup("silent-at-start", json!({})).await?;
        let address = format!("{scheme}://guest:password-of-guest@{}", silent.address);
        let log = stop_start(&environment.with("ELASTICIO_AMQP_URI", &address), &silent, 2).await?;
        assert!(log.contains("stopped before the worker had started"), "{log}");
        assert!(!log.contains("password-of-guest"), "{log}");
        stage.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_stop_ends_a_start_whose_platform_says_nothing() -> Result<()> {
    for says in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let silent = Silent::start(says).await?;
        let (stage, environment) = setup("silent-platform", json!({})).await?;
        let environment = environment.with("ELASTICIO_API_URI", &format!("http://{}", silent.address));
        stop_start(&environment, &silent, 1).await?;
        assert_eq!((stage.results.count(), stage.waiting().await?), (0, 0));
        stage.remove().await?;
    }
    // The step's data comes, but the startup data is not stored.
    let hook = "POST /sailor-support/hooks/task/flow1/startup/data";
    let (stage, environment) = setup("silent-hook", json!({ hook: [{ "json": {}, "delay": 60.0 }] })).await?;
    let mut worker = Worker::start(program(), &environment.with("ELASTICIO_STARTUP_REQUIRED", "true"))?;
    until("the hook", BOUND, async || Ok((stage.sandbox.calls().len() >= 2).then_some(()))).await?;
    ends(&mut worker, PROMPT).await?;
    stage.remove().await
}

#[tokio::test]
async fn a_stop_ends_a_start_whose_broker_goes_silent_before_the_queue_is_consumed() -> Result<()> {
    let data = json!({ "config": oauth_config() });
    let (stage, environment) = setup("silent-consume", json!({ STEP_DATA: [{ "json": data, "delay": 2.0 }] })).await?;
    let mut worker = Worker::start(program(), &environment)?;
    until("both connections", BOUND, async || Ok((stage.proxy.connections() >= 2).then_some(()))).await?;
    tokio::time::sleep(OPEN).await;
    stage.proxy.deafen("-read");
    until("the consumer's request", BOUND, async || Ok((stage.proxy.swallowed() > 0).then_some(()))).await?;
    // The connection cannot be closed in order, for which the worker waits 2 s.
    ends(&mut worker, PROMPT + Duration::from_secs(2)).await?;
    stage.remove().await
}
