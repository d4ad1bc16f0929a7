//! Whether the process lives and is ready. One process is one worker, so there is one state of each.

use std::{
    convert::Infallible,
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::metrics::metrics;

/// How often the main loop shows that it turns.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The longest time without a heartbeat of a process that lives.
const MAX_SILENCE: Duration = Duration::from_secs(10);

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
static HEALTH: Health = Health {
    beat: AtomicU64::new(0),
    read_up: AtomicBool::new(false),
    write_up: AtomicBool::new(false),
    consuming: AtomicBool::new(false),
    stopping: AtomicBool::new(false),
};

/// What is known of the process's health.
#[derive(Debug)]
pub(crate) struct Health {
    /// Milliseconds from the start to the last heartbeat.
    beat: AtomicU64,
    read_up: AtomicBool,
    write_up: AtomicBool,
    consuming: AtomicBool,
    stopping: AtomicBool,
}

/// The health of this process.
pub(crate) fn health() -> &'static Health {
    &HEALTH
}

/// Runs `work` on the main loop, which shows meanwhile that it turns.
pub(crate) async fn alive<T>(work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = work => done,
        never = heartbeat() => match never {},
    }
}

async fn heartbeat() -> Infallible {
    loop {
        HEALTH.beat();
        tokio::time::sleep(HEARTBEAT).await;
    }
}

impl Health {
    fn beat(&self) {
        self.beat.store(u64::try_from(BEGAN.elapsed().as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// The connection to consume is up or down.
    pub(crate) fn read(&self, up: bool) {
        self.read_up.store(up, Relaxed);
        if !up {
            self.consuming(false);
        }
        self.tell();
    }

    /// The connection to publish is up or down.
    pub(crate) fn write(&self, up: bool) {
        self.write_up.store(up, Relaxed);
        self.tell();
    }

    /// The queue is consumed or not.
    pub(crate) fn consuming(&self, consuming: bool) {
        self.consuming.store(consuming, Relaxed);
    }

    /// The worker stops.
    pub(crate) fn stopping(&self) {
        self.stopping.store(true, Relaxed);
    }

    fn tell(&self) {
        if let Some(metrics) = metrics() {
            metrics.connected(self.read_up.load(Relaxed) && self.write_up.load(Relaxed));
        }
    }

    /// Why the process should be restarted, if it should.
    pub(super) fn dead(&self) -> Option<String> {
        let last = Duration::from_millis(self.beat.load(Relaxed));
        let silence = BEGAN.elapsed().saturating_sub(last);
        (silence > MAX_SILENCE).then(|| format!("the main loop has not turned for {} s", silence.as_secs()))
    }

    /// Why the worker takes no messages now, if it does not.
    pub(super) fn unready(&self) -> Option<&'static str> {
        let is = |flag: &AtomicBool| flag.load(Relaxed);
        if is(&self.stopping) {
            Some("stopping: the messages in work are finished, and no others are taken")
        } else if !is(&self.read_up) {
            Some("the connection to consume is down")
        } else if !is(&self.write_up) {
            Some("the connection to publish is down")
        } else if !is(&self.consuming) {
            Some("the queue is not consumed yet")
        } else {
            None
        }
    }
}
