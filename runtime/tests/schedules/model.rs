//! What the broker knows: the messages, what was emitted for them, and how they were settled.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// What the schedules of a test have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) messages: u64,
    pub(crate) prefetch: u64,
    /// Of a hundred publishes, how many are returned, and how many refused.
    pub(crate) refusals: u64,
    /// How many connections are cut.
    pub(crate) cuts: u64,
}

/// A message in the queue.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    /// How many results the action emits.
    pub(crate) emits: usize,
    /// Whether it fails then.
    pub(crate) fails: bool,
    pub(crate) redelivered: bool,
}

/// How a message left the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Acknowledged,
    Rejected,
}

/// The connection, and the tag on it.
type Tag = (u64, u64);

#[derive(Clone)]
pub(crate) struct Model(Arc<Mutex<State>>);

pub(crate) struct State {
    pub(crate) rng: StdRng,
    pub(crate) shape: Shape,
    ready: VecDeque<Message>,
    unsettled: BTreeMap<Tag, Message>,
    /// The ids of confirmed emits, by the id of their message.
    confirmed: HashMap<String, HashSet<String>>,
    done: u64,
    in_work: u64,
    pub(crate) problems: Vec<String>,
}

impl Model {
    pub(crate) fn new(seed: u64, shape: Shape) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let message = |number| Message {
            id: format!("m{number}"),
            emits: rng.random_range(0..4),
            fails: rng.random_range(0..5) == 0,
            redelivered: false,
        };
        let ready = (0..shape.messages).map(message).collect();
        let (unsettled, confirmed) = (BTreeMap::new(), HashMap::new());
        let state = State { rng, shape, ready, unsettled, confirmed, done: 0, in_work: 0, problems: Vec::new() };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `bound`, by the seed.
    pub(crate) fn random(&self, bound: u64) -> u64 {
        self.lock().rng.random_range(0..bound)
    }

    pub(crate) fn shape(&self) -> Shape {
        self.lock().shape
    }

    pub(crate) fn is_done(&self) -> bool {
        let state = self.lock();
        state.done == state.shape.messages && state.ready.is_empty() && state.unsettled.is_empty()
    }

    pub(crate) fn left(&self) -> String {
        let state = self.lock();
        format!("{} are ready, {:?} not settled, {} in work", state.ready.len(), state.unsettled, state.in_work)
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        self.lock().problems.clone()
    }

    /// Counts a message into work; the guard counts it out.
    pub(crate) fn in_work(&self) -> impl Drop + Send + use<> {
        struct InWork(Model);
        impl Drop for InWork {
            fn drop(&mut self) {
                self.0.lock().in_work -= 1;
            }
        }
        let mut state = self.lock();
        state.in_work += 1;
        if state.in_work > state.shape.prefetch {
            state.problem("more messages are in work than the prefetch");
        }
        InWork(self.clone())
    }
}

impl State {
    pub(crate) fn problem(&mut self, what: &str) {
        self.problems.push(what.to_owned());
    }

    /// The next message for this connection. Now and then one more than the prefetch allows.
    pub(crate) fn deliver(&mut self, connection: u64, tag: u64) -> Option<Message> {
        let delivered = self.unsettled.range((connection, 0)..(connection + 1, 0)).count() as u64;
        let more = self.rng.random_range(0..3);
        if delivered >= self.shape.prefetch + more {
            return None;
        }
        let message = self.ready.pop_front()?;
        self.unsettled.insert((connection, tag), message.clone());
        Some(message)
    }

    /// A queue has an emit.
    pub(crate) fn confirm(&mut self, parent: String, id: String) {
        self.confirmed.entry(parent).or_default().insert(id);
    }

    /// The worker settles a delivery, or all up to it.
    pub(crate) fn settle(&mut self, connection: u64, tag: u64, multiple: bool, how: Settled) {
        let first = if multiple { 0 } else { tag };
        let tags: Vec<Tag> =
            self.unsettled.range((connection, first)..=(connection, tag)).map(|(tag, _)| *tag).collect();
        if tags.last() != Some(&(connection, tag)) {
            self.problem("a delivery is settled twice");
        }
        for tag in tags {
            let Some(message) = self.unsettled.remove(&tag) else { continue };
            self.done += 1;
            // An error beside the results.
            let expected = message.emits + usize::from(message.fails);
            let confirmed = self.confirmed.get(&message.id).map_or(0, HashSet::len);
            if confirmed != expected {
                self.problem(&format!("{message:?} is settled with {confirmed} confirmed emits"));
            }
            if message.fails != (how == Settled::Rejected) {
                self.problem(&format!("{message:?} is {how:?}"));
            }
        }
    }

    /// The end of a connection: what is not settled comes back.
    pub(crate) fn give_back(&mut self, connection: u64) {
        let tags: Vec<Tag> =
            self.unsettled.range((connection, 0)..(connection + 1, 0)).map(|(tag, _)| *tag).rev().collect();
        for tag in tags {
            if let Some(message) = self.unsettled.remove(&tag) {
                self.ready.push_front(Message { redelivered: true, ..message });
            }
        }
    }

    /// Whether a connection is to be cut now.
    pub(crate) fn cuts(&mut self) -> bool {
        let cut = self.shape.cuts > 0 && self.rng.random_range(0..40) == 0;
        self.shape.cuts -= u64::from(cut);
        cut
    }
}
