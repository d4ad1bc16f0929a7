//! A queue that is full and refuses what is published to it (`reject-publish`).

use anyhow::Result;
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};

use crate::broker::{Broker, StepNames};

impl Broker {
    /// Binds `key` of the exchange that the worker publishes to to a full queue.
    pub async fn bind_full_queue(&self, names: &StepNames, key: &str) -> Result<()> {
        let full = name(names);
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        let declare = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(full.as_str().into(), declare, arguments).await?;
        let (publish, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        self.channel.basic_publish("".into(), full.as_str().into(), publish, b"full", properties).await?.await?;
        self.bind(&full, &names.exchange, key).await
    }

    /// Removes the full queue.
    pub async fn remove_full_queue(&self, names: &StepNames) -> Result<()> {
        self.channel.queue_delete(name(names).as_str().into(), QueueDeleteOptions::default()).await?;
        Ok(())
    }
}

fn name(names: &StepNames) -> String {
    format!("{}.full", names.exchange)
}
