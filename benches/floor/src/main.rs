//! The floor: what these libraries cost with nothing around them. Takes messages from a queue, makes one GET for each,
//! publishes the answer's body, waits for the confirm, acknowledges. No cipher, no dispatch, no supervision.
//!
//! Reads the same variables as the worker: `ELASTICIO_AMQP_URI`, `ELASTICIO_LISTEN_MESSAGES_ON`,
//! `ELASTICIO_PUBLISH_MESSAGES_TO`, `ELASTICIO_DATA_ROUTING_KEY`, `ELASTICIO_RABBITMQ_PREFETCH_SAILOR`,
//! `PODIO_API_URL`.

use std::env::var;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable},
};

// One thread, as the worker.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let uri = var("ELASTICIO_AMQP_URI")?;
    let exchange = var("ELASTICIO_PUBLISH_MESSAGES_TO")?;
    let key = var("ELASTICIO_DATA_ROUTING_KEY")?;
    let prefetch: u16 = var("ELASTICIO_RABBITMQ_PREFETCH_SAILOR")?.parse()?;
    let url = format!("{}/user", var("PODIO_API_URL")?);

    let read = Connection::connect(&uri, ConnectionProperties::default()).await?;
    let write = Connection::connect(&uri, ConnectionProperties::default()).await?;
    let consumer_channel = read.create_channel().await?;
    let channel = write.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    consumer_channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    let queue = var("ELASTICIO_LISTEN_MESSAGES_ON")?;
    let consumer = consumer_channel
        .basic_consume(queue.into(), "floor".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await?;
    // In one build with the worker, the HTTP client comes with TLS and wants to know by what; nothing here uses it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tcp_nodelay(true).build()?;

    #[expect(clippy::disallowed_methods, reason = "the least that a worker can do")]
    let one = async |delivery: Delivery| -> Result<()> {
        let answer = http.get(&url).header("authorization", "Bearer floor").send().await?;
        let body = answer.bytes().await?;
        channel
            .basic_publish(
                exchange.as_str().into(),
                key.as_str().into(),
                BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() },
                &body,
                BasicProperties::default().with_headers(reply_headers(&delivery)),
            )
            .await?
            .await?;
        delivery.acker.ack(BasicAckOptions::default()).await?;
        Ok(())
    };
    consumer
        .for_each_concurrent(usize::from(prefetch), async |delivery| {
            let outcome = match delivery {
                Ok(delivery) => one(delivery).await,
                Err(error) => Err(error).context("the consumer broke"),
            };
            outcome.expect("the floor has no error handling: the run is void");
        })
        .await;
    Ok(())
}

/// The incoming `messageId` as `parentMessageId`, by which the harness knows the result.
fn reply_headers(delivery: &Delivery) -> FieldTable {
    let mut headers = FieldTable::default();
    let incoming = delivery.properties.headers().as_ref();
    let id = incoming.and_then(|table| table.inner().get("messageId").cloned()).unwrap_or(AMQPValue::Void);
    headers.insert("parentMessageId".into(), id);
    headers
}
