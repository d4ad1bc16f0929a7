//! Faults of a whole broker: how they are made for all cells, and how they end.

use std::time::Duration;

use anyhow::{Context, Result};
use podio_test_support::PrivateBroker;

use super::Fault;

/// Longer than the acknowledgement time-out that [`Fault::prepare`] sets, and the broker's look at it.
const ACK_TIME: Duration = Duration::from_millis(3500);

impl Fault {
    /// What the broker is told before the workers start.
    pub(crate) async fn prepare(self, broker: &PrivateBroker) -> Result<()> {
        if self == Self::AckTimeout { set_ack_timeout(broker, 1000, 1000).await } else { Ok(()) }
    }

    /// Makes the fault at the broker, for all cells.
    pub(crate) async fn inject_at(self, broker: &PrivateBroker) -> Result<()> {
        match self {
            Self::ChannelClosed => broker.ctl(&["eval", CLOSE_CHANNELS]).await.map(drop),
            Self::QueueCrash => broker.ctl(&["eval", END_QUEUES]).await.map(drop),
            Self::BrokerRestart => broker.restart().await,
            Self::MemoryAlarm => broker.ctl(&["set_vm_memory_high_watermark", "0.00001"]).await.map(drop),
            Self::DiskAlarm => broker.ctl(&["set_disk_free_limit", "1000000GB"]).await.map(drop),
            Self::AckTimeout => {
                tokio::time::sleep(ACK_TIME).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Ends the fault at the broker.
    pub(crate) async fn heal_at(self, broker: &PrivateBroker) -> Result<()> {
        match self {
            Self::MemoryAlarm => broker.ctl(&["set_vm_memory_high_watermark", "0.6"]).await.map(drop),
            Self::DiskAlarm => broker.ctl(&["set_disk_free_limit", "50MB"]).await.map(drop),
            Self::AckTimeout => set_ack_timeout(broker, 1_800_000, 60_000).await,
            _ => Ok(()),
        }
    }
}

async fn set_ack_timeout(broker: &PrivateBroker, timeout_ms: u32, look_ms: u32) -> Result<()> {
    for (name, value) in [("consumer_timeout", timeout_ms), ("channel_tick_interval", look_ms)] {
        broker.ctl(&["eval", &format!("application:set_env(rabbit, {name}, {value}).")]).await.context(name)?;
    }
    Ok(())
}

/// Makes the broker close every channel of the workers, as it does when a client breaks a rule: it is given an
/// acknowledgement of something that was never delivered.
const CLOSE_CHANNELS: &str = r#"
    IsTest = fun(Channel) ->
        [{connection, Connection}] = rabbit_channel:info(Channel, [connection]),
        [{client_properties, Properties}] = rabbit_reader:info(Connection, [client_properties]),
        lists:keyfind(<<"connection_name">>, 1, Properties) =:= {<<"connection_name">>, longstr, <<"podio-test">>}
    end,
    [rabbit_channel:do(Channel, {'basic.ack', 999999, false})
        || Channel <- rabbit_channel:list_local(), not IsTest(Channel)], ok."#;

/// Ends the processes of the workers' queues. The broker starts them again, and consumes them again for the workers.
const END_QUEUES: &str = r#"
    [exit(amqqueue:get_pid(Queue), kill)
        || Queue <- rabbit_amqqueue:list(), binary:match(element(4, amqqueue:get_name(Queue)), <<".input">>) =/= nomatch],
    ok."#;
