//! A broker of several nodes on one machine.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::private_broker::PrivateBroker;
use crate::wait::until;

/// The nodes of a cluster, as many as a quorum queue has members.
pub const NODES: usize = 3;

/// Private nodes that are one broker. Dropping it stops them and removes their data.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<PrivateBroker>,
}

impl Cluster {
    /// Starts its nodes and waits until they have found each other. `label` becomes part of their names.
    pub async fn start(label: &str) -> Result<Self> {
        let mut nodes = vec![PrivateBroker::start(&format!("{label}-0")).await?];
        for index in 1..NODES {
            let joined = nodes[0].join(&format!("{label}-{index}")).await?;
            nodes.push(joined);
        }
        Ok(Self { nodes })
    }

    /// One of its nodes.
    #[must_use]
    pub fn node(&self, index: usize) -> &PrivateBroker {
        &self.nodes[index % NODES]
    }

    /// The URLs of all nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.url().to_owned()).collect()
    }

    /// The node that listens on this port.
    #[must_use]
    pub fn node_at(&self, port: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.url().contains(&format!(":{port}/")))
    }

    /// The node that has the leader of a quorum queue, as the node `asked` says.
    pub async fn leader(&self, asked: usize, queue: &str) -> Result<usize> {
        let members = self.members(asked, queue).await?;
        let leader =
            members.iter().find(|member| member["Raft State"] == "leader").context("the queue has no leader")?;
        let name = leader["Node Name"].as_str().context("a node's name")?;
        let port = name.split(['-', '@']).nth(1).context("a node's name is podio-PORT@localhost")?;
        self.node_at(port).with_context(|| format!("{name} is not of this cluster"))
    }

    /// Waits until all members of a quorum queue work and have what any of them has now, as the node `asked` says.
    pub async fn wait_until_in_step(&self, asked: usize, queue: &str, bound: Duration) -> Result<()> {
        let mut now = None;
        until("every member of the queue in step", bound, async || {
            let members = self.members(asked, queue).await?;
            ensure!(members.len() == NODES, "the queue has {} members", members.len());
            // A member that is down has a text.
            let committed: Vec<Option<u64>> = members.iter().map(|member| member["Commit Index"].as_u64()).collect();
            let target = *now.get_or_insert(committed.iter().flatten().max().copied().unwrap_or(u64::MAX));
            Ok(committed.iter().all(|index| index.is_some_and(|index| index >= target)).then_some(()))
        })
        .await
    }

    /// What `rabbitmq-queues quorum_status` says of each member.
    async fn members(&self, asked: usize, queue: &str) -> Result<Vec<Value>> {
        let status = self.node(asked).queues(&["-q", "quorum_status", queue, "--formatter", "json"]).await?;
        serde_json::from_str(&status).with_context(|| format!("not the status of a quorum queue: {status}"))
    }
}
