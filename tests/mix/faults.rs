//! Which fault comes when: a shuffled deck of all of them, again and again.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A worker is killed, and another one started later.
    Kill,
    /// A worker is asked to stop, and another one started later.
    Stop,
    /// All connections between the workers and the broker break.
    Cut,
    /// Nothing that the workers send reaches the broker; then the connections break.
    BlackHole,
    /// The broker restarts.
    BrokerRestart,
    /// The broker is out of memory and takes no messages.
    BrokerFull,
    /// Podio answers 500.
    PodioErrors,
    /// Podio takes two seconds.
    PodioSlow,
    /// Podio closes the connections without an answer.
    PodioResets,
    /// Podio's rate limit.
    PodioLimit,
    /// All access tokens expire.
    ExpiredTokens,
}

const ALL: [Fault; 11] = [
    Fault::Kill,
    Fault::Stop,
    Fault::Cut,
    Fault::BlackHole,
    Fault::BrokerRestart,
    Fault::BrokerFull,
    Fault::PodioErrors,
    Fault::PodioSlow,
    Fault::PodioResets,
    Fault::PodioLimit,
    Fault::ExpiredTokens,
];

/// How many kinds there are.
pub(crate) const KINDS: usize = ALL.len();

impl Fault {
    /// Whether messages in flight may be answered twice: their results were published and the broker does not know that
    /// they are settled.
    pub(crate) fn repeats(self) -> bool {
        matches!(self, Self::Kill | Self::Cut | Self::BlackHole | Self::BrokerRestart)
    }
}

/// A fault, when it comes, and how long it lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    pub(crate) fault: Fault,
    /// The time before it, in which all is well.
    pub(crate) pause: Duration,
    pub(crate) lasts: Duration,
    /// Chooses among the workers.
    pub(crate) choice: usize,
}

/// The faults to come.
pub(crate) struct Deck {
    random: StdRng,
    rest: Vec<Fault>,
}

impl Deck {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), rest: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> Planned {
        let fault = self.rest.pop().unwrap_or_else(|| {
            self.rest = ALL.to_vec();
            self.rest.shuffle(&mut self.random);
            self.rest.pop().expect("there are faults")
        });
        let mut time = |from, to| Duration::from_millis(self.random.random_range(from..to));
        let (pause, lasts) = (time(200, 1500), time(500, 3000));
        Planned { fault, pause, lasts, choice: self.random.random_range(0..usize::MAX) }
    }
}
