//! A cluster whose nodes are stopped and started one after the other, as an upgrade does, while messages flow through
//! workers that know all its addresses. At the end of a round, the node with the queue's leader is killed.

use std::fmt::Write as _;
use std::slice;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use podio_test_support::broker::Broker;
use podio_test_support::{Cluster, NODES, until};
use tokio::time::sleep;

use crate::lane::{Lane, LaneWorker, PREFETCH, QueueType};
use crate::ledger::{Break, since_1970};
use crate::links::Links;
use crate::monitor::Monitor;
use crate::outage::Outage;
use crate::processes::Held;
use crate::report::{self, Growth};
use crate::run::Length;
use crate::world::patient_sandbox;

const WORKERS: usize = 2;
/// Messages that wait in the queue all the time.
const WAITING: u32 = 100;
/// A node stays away for so long, besides the seconds that its start takes.
const AWAY: Duration = Duration::from_secs(1);
/// The workers have their full rate within this time after their start.
const START_BOUND: Duration = Duration::from_secs(20);
/// When a node goes, the results come slower than the full rate, or not at all, for at most this time.
const OUTAGE_BOUND: f64 = 5.0;
/// A node that is back is in step within this time.
const IN_STEP_BOUND: Duration = Duration::from_secs(60);

/// How a node goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    Stopped,
    Killed,
}

/// A node that went and came back.
struct Step {
    node: usize,
    going: Going,
    /// Seconds since the start.
    begin: f64,
    gone: f64,
    back: f64,
    caught_up: f64,
    outage: Outage,
    /// The workers' connections at each node while it was away.
    connections: [usize; NODES],
}

/// Runs so many rounds, prints the tables, and fails if a message, a connection or the speed is lost.
pub(crate) async fn rolling_stop(length: &Length) -> Result<()> {
    let cluster = Cluster::start("mix-cluster").await?;
    let control = Broker::connect(cluster.node(0).url()).await?;
    let sandbox = patient_sandbox().await?;
    let addresses = vec![cluster.urls().join(","); WORKERS];
    let mut lane = Lane::start(&control, &sandbox, QueueType::Quorum, &addresses).await?;
    let monitor = Monitor::start(cluster.urls(), slice::from_ref(&lane));
    let full_rate = until("the full rate", START_BOUND, async || Ok(monitor.recovery(0, 0.0)));
    lane.top_up_during(&control, WAITING, full_rate).await?;

    let (mut steps, mut breaks, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..length.rounds * (NODES + 1) {
        let (node, going) = match step % (NODES + 1) {
            NODES => (cluster.leader(0, &lane.names.input).await?, Going::Killed),
            node => (node, Going::Stopped),
        };
        steps.push(go(&cluster, &monitor, &mut lane, node, going, &mut breaks).await?);
        held.push(lane.processes().into_iter().map(Held::of).collect::<Result<Vec<_>>>()?);
    }

    let control = Broker::connect(cluster.node(0).url()).await?;
    lane.drain(&control).await?;
    let connections = Links::of(cluster.node(0)).await?.connections;
    let account = lane.settle(&control, &sandbox, &breaks).await?;
    let growth = Growth::of(&held);
    let tables = [
        format!("cluster: {} nodes went and came back in {:.0} s\n", steps.len(), monitor.now()),
        report::accounts(&[(lane.title(), account)]),
        table(&steps),
        growth.table(),
    ]
    .join("\n");
    eprintln!("{tables}");
    if let Some(folder) = &length.save {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("cluster.md"), &tables)?;
    }
    growth.ensure_none()?;
    ensure!(connections == 2 * WORKERS, "{connections} connections of {WORKERS} workers at the end");
    let slowest = steps.iter().map(|step| step.outage.slow).fold(0.0, f64::max);
    ensure!(slowest <= OUTAGE_BOUND, "the full rate was away for {slowest:.1} s");
    let most = breaks.len() * PREFETCH * WORKERS;
    ensure!(account.duplicated <= most, "more than {most} results came twice");
    account.ensure_kept()
}

/// Has a node go and come back while messages flow, until it is in step with the others and there is the full rate.
async fn go(
    cluster: &Cluster,
    monitor: &Monitor,
    lane: &mut Lane,
    node: usize,
    going: Going,
    breaks: &mut Vec<Break>,
) -> Result<Step> {
    let other = (node + 1) % NODES;
    let control = Broker::connect(cluster.node(other).url()).await?;
    let queues = [lane.names.input.clone(), lane.names.results.clone()];
    let begin = monitor.now();
    eprintln!("{begin:6.1} s: node {node} is {going:?}");
    let step = async {
        let broken_at = since_1970()?;
        match going {
            Going::Stopped => cluster.node(node).halt().await?,
            Going::Killed => cluster.node(node).kill().await?,
        }
        let gone = monitor.now();
        breaks.push(Break { begin: broken_at, end: since_1970()? });
        sleep(AWAY).await;
        let connections = connections(cluster, other).await?;
        cluster.node(node).start_again().await?;
        let back = monitor.now();
        for queue in &queues {
            cluster.wait_until_in_step(other, queue, IN_STEP_BOUND).await?;
        }
        let caught_up = monitor.now();
        until("the full rate", IN_STEP_BOUND, async || Ok(monitor.recovery(0, caught_up))).await?;
        let outage = monitor.outage(0, begin);
        Ok(Step { node, going, begin, gone, back, caught_up, outage, connections })
    };
    let step = lane.top_up_during(&control, WAITING, step).await;
    let step =
        step.with_context(|| lane.workers.iter().map(LaneWorker::last_lines).collect::<Vec<_>>().join("\n\n"))?;
    lane.workers.iter_mut().try_for_each(LaneWorker::ensure_running)?;
    Ok(step)
}

/// Waits until every worker has its two connections, and says at which nodes, as the node `asked` knows.
async fn connections(cluster: &Cluster, asked: usize) -> Result<[usize; NODES]> {
    until("the workers' connections", START_BOUND, async || {
        let mut connections = [0; NODES];
        for (port, links) in Links::by_port(cluster.node(asked)).await? {
            connections[cluster.node_at(&port).context("a port of the cluster")?] += links.connections;
        }
        Ok((connections.iter().sum::<usize>() == 2 * WORKERS).then_some(connections))
    })
    .await
}

fn table(steps: &[Step]) -> String {
    let mut out = String::from(
        "| at, s | node | gone within, s | away, s | caught up after, s | below the full rate, s | without a result, s | \
         connections meanwhile |\n|---|---|---|---|---|---|---|---|\n",
    );
    for Step { node, going, begin, gone, back, caught_up, outage, connections } in steps {
        let Outage { slow, silent } = outage;
        let _ = writeln!(
            out,
            "| {begin:.0} | {node} {going:?} | {:.1} | {:.1} | {:.1} | {slow:.1} | {silent:.1} | {connections:?} |",
            gone - begin,
            back - gone,
            caught_up - back
        );
    }
    out
}
