//! What goes wrong: how each fault is made, and how it ends.

use std::time::Duration;

use anyhow::{Context, Result};
use podio_test_support::{Ended, Environment, PrivateBroker, Toxic, Way};

use super::point::Point;
use super::scene::{BOUND, Peer, Scene};

/// How the messages' way is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Kill,
    Terminate,
    /// SIGTERM while nothing goes on, then SIGKILL once the messages' time to end is over.
    TerminateAndKill,
    ReadReset,
    WriteReset,
    HalfOpen,
    BlackHole,
    ChannelClosed,
    /// The queue's process ends, and the broker starts it again.
    QueueCrash,
    BrokerRestart,
    MemoryAlarm,
    DiskAlarm,
    QueueDeleted,
    ExchangeMissing,
    Unbound,
    QueueFull,
    /// One of two queues that take the result is full: the broker refuses what the other one has taken.
    OneQueueFull,
    AckTimeout,
    Down(Peer),
    Slow(Peer),
    Half(Peer),
}

/// The time that a stopping worker gives its messages, with the settings of [`Fault::environment`]: a call's time-out and
/// 5 s. Just after it, the worker closes its connections.
const DRAIN: Duration = Duration::from_millis(500 + 5000 + 200);
/// Longer than the acknowledgement time-out that [`Fault::prepare`] sets, and the broker's look at it.
const ACK_TIME: Duration = Duration::from_millis(3500);

impl Fault {
    pub(crate) const ALL: [Self; 30] = [
        Self::Kill,
        Self::Terminate,
        Self::TerminateAndKill,
        Self::ReadReset,
        Self::WriteReset,
        Self::HalfOpen,
        Self::BlackHole,
        Self::QueueDeleted,
        Self::ExchangeMissing,
        Self::Unbound,
        Self::QueueFull,
        Self::OneQueueFull,
        Self::Down(Peer::Podio),
        Self::Slow(Peer::Podio),
        Self::Half(Peer::Podio),
        Self::Down(Peer::Token),
        Self::Slow(Peer::Token),
        Self::Half(Peer::Token),
        Self::Down(Peer::Platform),
        Self::Slow(Peer::Platform),
        Self::Half(Peer::Platform),
        Self::Down(Peer::Storage),
        Self::Slow(Peer::Storage),
        Self::Half(Peer::Storage),
        Self::ChannelClosed,
        Self::QueueCrash,
        Self::MemoryAlarm,
        Self::DiskAlarm,
        Self::AckTimeout,
        Self::BrokerRestart,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Terminate => "SIGTERM",
            Self::TerminateAndKill => "SIGTERM, then kill -9",
            Self::ReadReset => "read connection dropped",
            Self::WriteReset => "write connection dropped",
            Self::HalfOpen => "broker half-open",
            Self::BlackHole => "broker black-holed",
            Self::ChannelClosed => "channels closed by the broker",
            Self::QueueCrash => "queue crashed",
            Self::BrokerRestart => "broker restarted",
            Self::MemoryAlarm => "memory alarm",
            Self::DiskAlarm => "disk alarm",
            Self::QueueDeleted => "queue deleted (basic.cancel)",
            Self::ExchangeMissing => "exchange missing",
            Self::Unbound => "no queue bound",
            Self::QueueFull => "queue full",
            Self::OneQueueFull => "one of two queues full",
            Self::AckTimeout => "acknowledgement time-out",
            Self::Down(peer) => {
                peer.trouble(["", "Podio down", "token endpoint down", "platform down", "storage down"])
            }
            Self::Slow(peer) => {
                peer.trouble(["", "Podio slow", "token endpoint slow", "platform slow", "storage slow"])
            }
            Self::Half(peer) => peer.trouble([
                "",
                "Podio half-answering",
                "token endpoint half-answering",
                "platform half-answering",
                "storage half-answering",
            ]),
        }
    }

    /// Whether it is the whole broker's, so that it needs one of its own.
    pub(crate) fn needs_private_broker(self) -> bool {
        matches!(
            self,
            Self::ChannelClosed
                | Self::QueueCrash
                | Self::BrokerRestart
                | Self::MemoryAlarm
                | Self::DiskAlarm
                | Self::AckTimeout
        )
    }

    /// Whether it lasts until it is healed.
    pub(crate) fn lasts(self) -> bool {
        !matches!(
            self,
            Self::Kill
                | Self::Terminate
                | Self::TerminateAndKill
                | Self::ReadReset
                | Self::WriteReset
                | Self::HalfOpen
                | Self::ChannelClosed
                | Self::QueueCrash
                | Self::BrokerRestart
                | Self::AckTimeout
        )
    }

    /// Milliseconds between two attempts of a call. A message that waits for a retry must wait until the fault is there.
    pub(crate) fn retries_delay(self, point: Point) -> &'static str {
        match point {
            // What the broker is told takes a second or two, and a missing heartbeat shows after four.
            Point::RetryWait if self.needs_private_broker() || self == Self::HalfOpen => "8000",
            Point::RetryWait => "2500",
            _ => "200",
        }
    }

    pub(crate) fn environment(self, environment: Environment) -> Environment {
        match self {
            Self::TerminateAndKill => environment.with("API_REQUEST_TIMEOUT", "500"),
            // A restart may take longer than a call.
            Self::BrokerRestart => environment.with("API_REQUEST_TIMEOUT", "60000"),
            Self::HalfOpen | Self::BlackHole => {
                let uri = environment.variables().find(|(name, _)| *name == "ELASTICIO_AMQP_URI").map(|(_, uri)| uri);
                let uri = format!("{}?heartbeat=2", uri.cloned().unwrap_or_default());
                environment.with("ELASTICIO_AMQP_URI", &uri)
            }
            _ => environment,
        }
    }

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

    /// Makes the fault for one cell.
    pub(crate) async fn inject(self, scene: &mut Scene) -> Result<()> {
        let stage = &scene.stage;
        match self {
            Self::Kill => {
                scene.worker()?.kill().await?;
                scene.reset_all();
            }
            Self::Terminate => {
                scene.worker()?.terminate()?;
                scene.logged("stopping").await?;
            }
            Self::TerminateAndKill => {
                scene.worker()?.terminate()?;
                tokio::time::sleep(DRAIN).await;
                scene.worker()?.kill().await?;
                scene.reset_all();
            }
            Self::ReadReset => stage.proxy.reset("-read"),
            Self::WriteReset => stage.proxy.reset("-write"),
            Self::HalfOpen => stage.proxy.half_open(""),
            Self::BlackHole => {
                for way in [Way::ToServer, Way::ToClient] {
                    stage.proxy.set("", way, Toxic::BlackHole);
                }
            }
            Self::QueueDeleted => stage.broker().delete_input(stage.names()).await?,
            Self::ExchangeMissing => stage.broker().delete_exchange(stage.names()).await?,
            Self::Unbound => stage.unbind("data").await?,
            Self::QueueFull => {
                stage.broker().bind_full_queue(stage.names(), "data").await?;
                stage.unbind("data").await?;
            }
            Self::OneQueueFull => stage.broker().bind_full_queue(stage.names(), "data").await?,
            Self::Down(peer) => scene.proxy(peer).refuse(true),
            Self::Slow(peer) => {
                scene.proxy(peer).set("", Way::ToClient, Toxic::Latency(Duration::from_millis(300)));
                scene.proxy(peer).set("", Way::ToClient, Toxic::Bandwidth(20_000));
            }
            Self::Half(peer) => {
                let after = if peer == Peer::Podio { 500 } else { 60 };
                scene.proxy(peer).set("", Way::ToClient, Toxic::CloseAfter(after));
            }
            Self::ChannelClosed
            | Self::QueueCrash
            | Self::BrokerRestart
            | Self::MemoryAlarm
            | Self::DiskAlarm
            | Self::AckTimeout => {}
        }
        Ok(())
    }

    /// Ends the fault for one cell.
    pub(crate) async fn heal(self, scene: &mut Scene) -> Result<()> {
        match self {
            Self::Kill | Self::TerminateAndKill => scene.start_worker().await?,
            Self::Terminate => {
                let ended = scene.worker()?.ended(BOUND).await?;
                anyhow::ensure!(ended == Ended(0), "the worker ended with {ended:?}");
                scene.start_worker().await?;
            }
            Self::BrokerRestart => scene.stage.reconnect().await?,
            Self::BlackHole => scene.stage.proxy.heal(),
            Self::QueueDeleted => scene.stage.broker().declare_input(scene.stage.names()).await?,
            Self::ExchangeMissing => scene.stage.broker().restore_exchange(scene.stage.names()).await?,
            Self::Unbound => scene.stage.bind("data").await?,
            Self::QueueFull => {
                scene.stage.broker().remove_full_queue(scene.stage.names()).await?;
                scene.stage.bind("data").await?;
            }
            Self::OneQueueFull => scene.stage.broker().remove_full_queue(scene.stage.names()).await?,
            Self::Down(peer) => scene.proxy(peer).refuse(false),
            Self::Slow(peer) | Self::Half(peer) => scene.proxy(peer).heal(),
            _ => {}
        }
        Ok(())
    }
}

impl Peer {
    fn trouble(self, names: [&'static str; 5]) -> &'static str {
        names[self as usize]
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
