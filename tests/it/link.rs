//! What happens to the link to the broker: exchanges and queues that go and come, one connection that breaks, a stop with
//! deliveries in hand, several addresses.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result};
use podio_sandbox::Api;
use podio_test_support::{Ended, Proxy, Stage, TestMessage, Worker, until};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::step::{BOUND, consuming_worker, environment, oauth_config, program, stage, stop, wait_for_podio_calls};

/// How many messages are processed at once.
const PREFETCH: usize = 5;

async fn slow(label: &str, seconds: f64) -> Result<Stage> {
    let podio = json!({ "GET /user": [{ "json": { "user_id": 1 }, "delay": seconds }] });
    stage(label, oauth_config(), podio, json!({})).await
}

async fn send(stage: &Stage, count: usize) -> Result<()> {
    for _ in 0..count {
        stage.send(&TestMessage::get("/user")).await?;
    }
    Ok(())
}

/// The largest number of Podio's calls that were under way together, when each takes `ms`.
fn most_together(stage: &Stage, ms: u64) -> usize {
    let calls: Vec<u64> = stage.calls(Api::Podio).iter().map(|call| call.at).collect();
    calls.iter().map(|at| calls.iter().filter(|other| (*at..*at + ms).contains(*other)).count()).max().unwrap_or(0)
}

/// How many results there are, and how many messages they are of.
fn results(stage: &Stage) -> Result<(usize, usize)> {
    let emitted = stage.emitted()?;
    assert!(emitted.iter().all(|emitted| emitted.routing_key == "data"));
    let parents: HashSet<&str> = emitted.iter().filter_map(|emitted| emitted.text_header("parentMessageId")).collect();
    Ok((emitted.len(), parents.len()))
}

fn lines(worker: &Worker, text: &str) -> usize {
    worker.log().all().iter().filter(|line| line.contains(text)).count()
}

#[tokio::test]
async fn an_exchange_that_does_not_exist_ends_the_start_and_is_named() -> Result<()> {
    let stage = slow("no-exchange", 0.0).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_PUBLISH_MESSAGES_TO", "no-such-exchange");
    let mut worker = Worker::start(program(), &environment)?;
    assert_eq!(worker.ended(BOUND).await?, Ended(1));
    let last = worker.log().all().pop().unwrap_or_default();
    assert!(last.contains("no-such-exchange") && last.contains("ELASTICIO_PUBLISH_MESSAGES_TO"), "{last}");
    assert!(!last.contains("ELASTICIO_AMQP_URI"), "{last}");
    stage.remove().await
}

#[tokio::test]
async fn an_exchange_that_vanishes_is_said_once_and_every_result_kept_until_it_is_back() -> Result<()> {
    const MESSAGES: usize = 200;
    let stage = slow("vanishing-exchange", 0.02).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, PREFETCH)).await?;
    stage.broker().delete_exchange(stage.names()).await?;
    send(&stage, MESSAGES).await?;
    let said = |log: &[String]| log.iter().any(|line| line.contains("nothing can be published"));
    worker.log().wait_until("one clear line", BOUND, said).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(stage.calls(Api::Podio).len(), PREFETCH, "no more than the prefetch is in work");
    assert_eq!((stage.proxy.connections(), lines(&worker, "nothing can be published")), (2, 1));

    stage.broker().restore_exchange(stage.names()).await?;
    stage.results.wait_for(MESSAGES, "results", 2 * BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((results(&stage)?, stage.left().await?), ((MESSAGES, MESSAGES), 0));
    assert_eq!((stage.proxy.connections(), lines(&worker, "nothing can be published")), (2, 1));
    stage.remove().await
}

#[tokio::test]
async fn a_broken_write_connection_is_replaced_and_nothing_is_delivered_again() -> Result<()> {
    const MESSAGES: usize = 20;
    let stage = slow("write-cut", 0.5).await?;
    let environment = environment(&stage, PREFETCH).with("HOSTNAME", "cut-host");
    let mut worker = consuming_worker(&stage, &environment).await?;
    send(&stage, MESSAGES).await?;
    wait_for_podio_calls(&stage, PREFETCH).await?;
    stage.proxy.cut_off("cut-host-write");
    let broke = |log: &[String]| log.iter().any(|line| line.contains("the connection to publish broke"));
    worker.log().wait_until("the end of the write connection", BOUND, broke).await?;
    stage.proxy.heal();
    stage.results.wait_for(MESSAGES, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((results(&stage)?, stage.left().await?), ((MESSAGES, MESSAGES), 0));
    assert_eq!(stage.calls(Api::Podio).len(), MESSAGES);
    assert!(most_together(&stage, 450) <= PREFETCH, "{} at once", most_together(&stage, 450));
    stage.remove().await
}

#[tokio::test]
async fn a_broken_read_connection_brings_no_more_than_the_prefetch_into_work() -> Result<()> {
    const MESSAGES: usize = 20;
    let stage = slow("read-cut", 1.0).await?;
    let environment = environment(&stage, PREFETCH).with("HOSTNAME", "cut-host");
    let mut worker = consuming_worker(&stage, &environment).await?;
    send(&stage, MESSAGES).await?;
    wait_for_podio_calls(&stage, PREFETCH).await?;
    stage.proxy.cut();
    stage.results.wait_for(MESSAGES, "results", BOUND).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!((results(&stage)?, stage.left().await?), ((MESSAGES, MESSAGES), 0));
    assert!(most_together(&stage, 900) <= PREFETCH, "{} at once", most_together(&stage, 900));
    stage.remove().await
}

#[tokio::test]
async fn a_queue_that_is_made_again_is_consumed_on_the_same_connection() -> Result<()> {
    let stage = slow("queue-again", 0.0).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
    for round in 1..=2 {
        stage.broker().delete_input(stage.names()).await?;
        let ended =
            |log: &[String]| log.iter().filter(|line| line.contains("the broker ended the consumer")).count() == round;
        worker.log().wait_until("the consumer's end", BOUND, ended).await?;
        stage.broker().declare_input(stage.names()).await?;
        until("the worker's consumer", BOUND, async || Ok(stage.is_consumed().await?.then_some(()))).await?;
        send(&stage, 1).await?;
        stage.results.wait_for(round, "results", BOUND).await?;
    }
    assert_eq!(stage.proxy.connections(), 2, "{}", worker.log().all().join("\n"));
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.left().await?, 0);
    stage.remove().await
}

#[tokio::test]
async fn a_stop_gives_back_what_has_no_outcome_before_the_connection_ends() -> Result<()> {
    let stage = stage(
        "stop-nack",
        json!({ "oauth": { "access_token": "t" }, "retriesDelay": "600000", "retries": "9" }),
        json!({ "GET /user": [{ "status": 503, "json": {} }] }),
        json!({}),
    )
    .await?;
    stage.broker().delete_input(stage.names()).await?;
    stage.broker().declare_quorum_input(stage.names()).await?;
    let mut worker = consuming_worker(&stage, &environment(&stage, PREFETCH)).await?;
    send(&stage, 8).await?;
    wait_for_podio_calls(&stage, 2 * PREFETCH).await?;
    stop(&mut worker, BOUND).await?;
    assert_eq!(stage.left().await?, 8);
    assert_eq!(lines(&worker, "did not answer"), 0);
    assert_eq!(stage.proxy.nacks(), 1, "one basic.nack for everything");

    let mut next = consuming_worker(&stage, &environment(&stage, PREFETCH)).await?;
    let counted = |log: &[String]| log.iter().filter(|line| line.contains("\"delivery_count\":1")).count() >= 2;
    next.log().wait_until("the count of deliveries", BOUND, counted).await?;
    stop(&mut next, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn the_next_address_is_tried_and_options_are_taken_in_either_spelling() -> Result<()> {
    let stage = slow("addresses", 0.0).await?;
    let closed = TcpSocket::new_v4()?;
    closed.bind(([127, 0, 0, 1], 0).into())?;
    let environment = environment(&stage, 1);
    let uri = environment.variables().find(|(name, _)| *name == "ELASTICIO_AMQP_URI").map(|(_, uri)| uri.clone());
    let uri = uri.context("the environment names a broker")?;
    let several = format!("amqp://127.0.0.1:{}/,{uri}?frameMax=65536&heartbeat=", closed.local_addr()?.port());
    let mut worker = consuming_worker(&stage, &environment.clone().with("ELASTICIO_AMQP_URI", &several)).await?;
    send(&stage, 1).await?;
    stage.results.wait_for(1, "a result", BOUND).await?;
    stop(&mut worker, BOUND).await?;

    for (bad, words) in
        [("?frame_max=4096", "8192"), ("?heartbeat=soon", "heartbeat"), ("?channelMax=-1", "channel_max")]
    {
        let environment = environment.clone().with("ELASTICIO_AMQP_URI", &format!("{uri}{bad}"));
        let mut worker = Worker::start(program(), &environment)?;
        assert_eq!(worker.ended(BOUND).await?, Ended(1));
        let log = worker.log().all().join("\n");
        assert!(log.contains("ELASTICIO_AMQP_URI") && log.contains(words), "{bad}: {log}");
    }
    stage.remove().await
}

#[tokio::test]
async fn a_worker_whose_node_has_gone_silent_goes_on_at_the_next_address() -> Result<()> {
    // An attempt at a silent address takes 10 s.
    const PROMPT: Duration = Duration::from_secs(5);
    let stage = slow("silent-address", 0.0).await?;
    let other = stage.another_proxy().await?;
    let environment = environment(&stage, 1);
    let uri = environment.variables().find(|(name, _)| *name == "ELASTICIO_AMQP_URI").map(|(_, uri)| uri.clone());
    let uri = uri.context("the environment names a broker")?;
    let place = |proxy: &Proxy| proxy.address().to_string();
    let both = format!("{uri},{}", uri.replacen(&place(&stage.proxy), &place(&other), 1));
    let mut worker = consuming_worker(&stage, &environment.with("ELASTICIO_AMQP_URI", &both)).await?;
    assert_eq!((stage.proxy.connections(), other.connections()), (2, 0), "the first address comes first");
    let mut done = 0;
    for (silent, open) in [(&stage.proxy, &other), (&other, &stage.proxy)] {
        open.silence(false);
        silent.silence(true);
        silent.cut();
        send(&stage, 1).await?;
        done += 1;
        stage.results.wait_for(done, "results", PROMPT).await.with_context(|| worker.log().all().join("\n"))?;
    }
    assert_eq!(lines(&worker, "still no broker"), 0);
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn an_address_of_version_6_is_called_there_and_nowhere_else() -> Result<()> {
    let stage = slow("ipv6", 0.0).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_AMQP_RECONNECT_ATTEMPTS", "1");
    let mut worker =
        Worker::start(program(), &environment.with("ELASTICIO_AMQP_URI", "amqp://user:password@[100::5]:5799/"))?;
    assert_eq!(worker.ended(2 * BOUND).await?, Ended(1));
    let log = worker.log().all().join("\n");
    assert!(log.contains("[100::5]:5799") && !log.contains("password") && !log.contains("localhost"), "{log}");
    stage.remove().await
}
