//! Faults of one cell: how they are made, and how they end.

use std::time::Duration;

use anyhow::{Result, ensure};
use podio_test_support::{Ended, Toxic, Way};

use super::Fault;
use crate::scene::{BOUND, Peer, Scene};

/// The time that a stopping worker gives its messages, with the settings of [`Fault::environment`]: a call's time-out and
/// 5 s. Just after it, the worker closes its connections.
const DRAIN: Duration = Duration::from_millis(3000 + 5000 + 200);
impl Fault {
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
                ensure!(ended == Ended(0), "the worker ended with {ended:?}");
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
