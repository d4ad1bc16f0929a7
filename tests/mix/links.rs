//! What the workers have at the broker.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use podio_test_support::PrivateBroker;

use crate::lane::HOST;

/// Connections, and their channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Links {
    pub(crate) connections: usize,
    pub(crate) channels: usize,
}

impl Links {
    /// All of the workers'.
    pub(crate) async fn of(broker: &PrivateBroker) -> Result<Self> {
        let add = |all: Self, some: Self| Self {
            connections: all.connections + some.connections,
            channels: all.channels + some.channels,
        };
        Ok(Self::by_port(broker).await?.into_values().fold(Self::default(), add))
    }

    /// Those at each port of a broker's nodes.
    pub(crate) async fn by_port(broker: &PrivateBroker) -> Result<BTreeMap<String, Self>> {
        let list = broker.ctl(&["-q", "list_connections", "client_properties", "channels", "port"]).await?;
        let mut links = BTreeMap::<String, Self>::new();
        for line in list.lines().filter(|line| line.contains(HOST)) {
            let mut columns = line.rsplit('\t').map(str::trim);
            let (port, channels) = (columns.next().context("a port")?, columns.next().context("a number of channels")?);
            let links = links.entry(port.to_owned()).or_default();
            links.connections += 1;
            links.channels += channels.parse::<usize>()?;
        }
        Ok(links)
    }
}
