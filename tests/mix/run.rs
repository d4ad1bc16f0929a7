//! A run from start to account.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use podio_test_support::until;
use tokio::time::sleep;

use crate::faults::{Deck, KINDS};
use crate::lane::{Lane, LaneWorker, PREFETCH};
use crate::ledger::{Account, Break, since_1970};
use crate::links::Links;
use crate::monitor::Monitor;
use crate::plot;
use crate::processes::Held;
use crate::report::{self, Growth, Struck};
use crate::world::World;

/// Messages that wait in each queue before a fault: more than are answered until the next.
const WAITING: u32 = 400;
/// The workers have their full rate within this time after their start.
const START_BOUND: f64 = 20.0;
/// They have it again within this time after a fault.
const RECOVERY_BOUND: f64 = 5.0;
/// The wait for it, however busy the machine is.
const FULL_RATE_BOUND: Duration = Duration::from_secs(60);

/// How long a run is, and what it leaves behind.
#[derive(Clone, Debug)]
pub(crate) struct Length {
    seed: u64,
    /// Without it, each kind of fault comes once.
    minutes: Option<f64>,
    /// How often each node of the cluster goes.
    pub(crate) rounds: usize,
    /// The folder for the plot and the tables.
    pub(crate) save: Option<PathBuf>,
}

impl Length {
    pub(crate) fn from_environment() -> Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Ok(Self {
            seed: variable("SEED").map_or_else(|| Ok(rand::random()), |seed| seed.parse()).context("SEED")?,
            minutes: variable("MINUTES").map(|minutes| minutes.parse()).transpose().context("MINUTES")?,
            rounds: variable("ROUNDS").map_or(Ok(1), |rounds| rounds.parse()).context("ROUNDS")?,
            save: variable("SAVE").map(PathBuf::from),
        })
    }

    fn is_over(&self, struck: usize, seconds: f64) -> bool {
        self.minutes.map_or(struck >= KINDS, |minutes| seconds >= minutes * 60.0)
    }
}

/// Runs the mix, prints its tables, and fails if a message or the speed is lost, or anything grows.
pub(crate) async fn mix(length: &Length) -> Result<()> {
    eprintln!("mix: SEED={} repeats these faults", length.seed);
    let mut world = World::start().await?;
    let monitor = Monitor::start(vec![world.broker.url().to_owned()], &world.lanes);
    monitor.set_processes(processes(&world));
    world.top_up(WAITING).await?;
    let started = recovered(&monitor, &world, 0.0).await.context("at the start")?;
    ensure!(started.iter().all(|after| *after <= START_BOUND), "full rate only {started:.1?} s after the start");
    let links = Links::of(&world.broker).await?;
    let workers = processes(&world).concat().len();
    ensure!(links.connections == 2 * workers, "{links:?} of {workers} workers");

    let (mut deck, mut struck, mut breaks, mut held) = (Deck::new(length.seed), Vec::new(), Vec::new(), Vec::new());
    while !length.is_over(struck.len(), monitor.now()) {
        let planned = deck.next();
        sleep(planned.pause).await;
        let (begin, breaks_at) = (monitor.now(), since_1970()?);
        eprintln!("{begin:6.1} s: {:?}", planned.fault);
        world.strike(&planned).await.with_context(|| format!("{planned:?}"))?;
        monitor.set_processes(processes(&world));
        let end = monitor.now();
        // On a busy machine, a fault may last longer than the messages.
        world.top_up(WAITING).await?;
        if planned.fault.repeats() {
            breaks.push(Break { begin: breaks_at, end: since_1970()? });
        }
        let recovery = recovered(&monitor, &world, end).await.with_context(|| format!("{planned:?}"))?;
        world.lanes.iter_mut().flat_map(|lane| &mut lane.workers).try_for_each(LaneWorker::ensure_running)?;
        held.push(processes(&world).into_iter().flatten().map(Held::of).collect::<Result<Vec<_>>>()?);
        struck.push(Struck { fault: planned.fault, begin, end, recovery });
    }

    for lane in &world.lanes {
        lane.drain(&world.control).await?;
    }
    let links_at_end = Links::of(&world.broker).await?;
    let accounts = settle(&mut world, &breaks).await?;
    let growth = Growth::of(&held);
    let (seconds, seed) = (monitor.now(), length.seed);
    let tables = [
        format!(
            "mix: {} faults in {seconds:.0} s, SEED={seed}, {links:?} before, {links_at_end:?} after\n",
            struck.len()
        ),
        report::accounts(&accounts),
        report::faults(&struck),
        growth.table(),
    ]
    .join("\n");
    eprintln!("{tables}");
    if let Some(folder) = &length.save {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("soak.md"), &tables)?;
        std::fs::write(folder.join("soak.svg"), plot::timeline(&monitor.samples(), &struck))?;
    }
    growth.ensure_none()?;
    ensure!(links_at_end.connections == links.connections, "{links:?} at the start, {links_at_end:?} at the end");
    // A worker consumes over one channel and publishes over as many as it had batches under way at once, each with a
    // result of another message at least.
    ensure!(links_at_end.channels <= workers * (1 + PREFETCH), "{links_at_end:?} of {workers} workers");
    for Struck { fault, begin, recovery, .. } in &struck {
        let late = recovery.iter().any(|after| *after > RECOVERY_BOUND);
        ensure!(!late, "{fault:?} at {begin:.0} s: full rate only after {recovery:.1?} s");
    }
    let most = breaks.len() * PREFETCH * workers;
    ensure!(accounts.iter().all(|(_, account)| account.duplicated <= most), "more than {most} results came twice");
    accounts.iter().try_for_each(|(name, account)| account.ensure_kept().with_context(|| name.clone()))
}

fn processes(world: &World) -> Vec<Vec<u32>> {
    world.lanes.iter().map(Lane::processes).collect()
}

/// Waits until all lanes have their full rate; returns how long after `from` each had it.
async fn recovered(monitor: &Monitor, world: &World, from: f64) -> Result<Vec<f64>> {
    let lanes = 0..world.lanes.len();
    until("the full rate", FULL_RATE_BOUND, async || {
        Ok(lanes.clone().map(|lane| monitor.recovery(lane, from)).collect::<Option<Vec<f64>>>())
    })
    .await
    .with_context(|| world.workers().map(LaneWorker::last_lines).collect::<Vec<_>>().join("\n\n"))
}

/// Stops the workers and counts.
async fn settle(world: &mut World, breaks: &[Break]) -> Result<Vec<(String, Account)>> {
    let mut accounts = Vec::new();
    for lane in &mut world.lanes {
        accounts.push((lane.title(), lane.settle(&world.control, &world.sandbox, breaks).await?));
    }
    Ok(accounts)
}
