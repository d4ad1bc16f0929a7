//! Watches the lanes while faults strike: how many results there are, and how much memory the workers take.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use podio_test_support::broker::{Broker, StepNames};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::lane::{Lane, RATE};
use crate::outage::Outage;
use crate::processes::Held;

/// The time between two looks.
const INTERVAL: Duration = Duration::from_millis(250);
/// A broker that does not answer within this time is asked again over a new connection.
const ANSWER_BOUND: Duration = Duration::from_secs(2);
/// The part of the rate that counts as the full rate, over at least a second: results come in groups.
const FULL: f64 = 0.8;

/// What was seen at one time.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Seconds since the start.
    pub(crate) at: f64,
    /// Results so far, by lane.
    pub(crate) results: Vec<u32>,
    /// Memory of all its workers, by lane, in MiB.
    pub(crate) memory: Vec<f64>,
}

/// Watches until it is dropped.
pub(crate) struct Monitor {
    began: Instant,
    seen: Arc<Mutex<Seen>>,
    watching: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    samples: Vec<Sample>,
    /// Process ids, by lane.
    processes: Vec<Vec<u32>>,
}

impl Monitor {
    /// Watches these lanes at a broker with these nodes.
    pub(crate) fn start(urls: Vec<String>, lanes: &[Lane]) -> Self {
        let (began, seen) = (Instant::now(), Arc::<Mutex<Seen>>::default());
        let names = lanes.iter().map(|lane| lane.names.clone()).collect();
        let watching = tokio::spawn(watch(urls, names, began, Arc::clone(&seen)));
        Self { began, seen, watching }
    }

    /// Says which processes the lanes have now.
    pub(crate) fn set_processes(&self, processes: Vec<Vec<u32>>) {
        lock(&self.seen).processes = processes;
    }

    /// Seconds since the start.
    pub(crate) fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// All samples so far.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        lock(&self.seen).samples.clone()
    }

    /// How long a lane was below its full rate at most, from then on, and how long it had no results.
    pub(crate) fn outage(&self, lane: usize, from: f64) -> Outage {
        let seen = lock(&self.seen);
        let since = seen.samples.iter().filter(|sample| sample.at >= from);
        Outage::of(&since.map(|sample| (sample.at, sample.results[lane])).collect::<Vec<_>>(), FULL * f64::from(RATE))
    }

    /// How long after `from` a lane had its full rate again, in seconds. Time in which the machine or the broker was too busy
    /// to answer the monitor does not count.
    pub(crate) fn recovery(&self, lane: usize, from: f64) -> Option<f64> {
        let seen = lock(&self.seen);
        let after: Vec<&Sample> = seen.samples.iter().filter(|sample| sample.at >= from).collect();
        let counted = |samples: usize| INTERVAL.as_secs_f64() * f64::from(u32::try_from(samples).unwrap_or(u32::MAX));
        after.iter().enumerate().find_map(|(index, begin)| {
            let end = after[index..].iter().find(|end| end.at - begin.at >= 1.0)?;
            let results = f64::from(end.results[lane].saturating_sub(begin.results[lane]));
            (results >= FULL * f64::from(RATE) * (end.at - begin.at)).then(|| counted(index))
        })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

async fn watch(urls: Vec<String>, lanes: Vec<StepNames>, began: Instant, seen: Arc<Mutex<Seen>>) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut broker, mut urls) = (None, urls.iter().cycle());
    let mut url = urls.next().expect("a broker has an address");
    loop {
        ticks.tick().await;
        let Ok(Ok(results)) = timeout(ANSWER_BOUND, results(url, &mut broker, &lanes)).await else {
            // The node is away. What the broker has is seen at the next one, or when it is back.
            broker = None;
            url = urls.next().expect("it goes round");
            continue;
        };
        let mut seen = lock(&seen);
        // A quorum queue without a leader says that it is empty.
        let before = seen.samples.last().map(|sample| sample.results.as_slice()).unwrap_or_default();
        if results.iter().zip(before).any(|(now, before)| now < before) {
            continue;
        }
        // A process may have ended since.
        let memory_of = |process: &u32| Held::of(*process).map_or(0, |held| held.memory_kib);
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let mib = |processes: &Vec<u32>| processes.iter().map(memory_of).sum::<u64>() as f64 / 1024.0;
        let memory = seen.processes.iter().map(mib).collect();
        seen.samples.push(Sample { at: began.elapsed().as_secs_f64(), results, memory });
    }
}

async fn results(url: &str, broker: &mut Option<Broker>, lanes: &[StepNames]) -> Result<Vec<u32>> {
    let broker = match broker {
        Some(broker) => broker,
        none => none.insert(Broker::connect(url).await?),
    };
    let mut results = Vec::new();
    for names in lanes {
        results.push(broker.state(&names.results).await?.ready);
    }
    Ok(results)
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
