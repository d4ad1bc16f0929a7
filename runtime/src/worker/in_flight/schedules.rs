//! Any order of deliveries, ends and broken connections, beside a model of what a table of messages has to hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::platform::headers::Value;

/// A delivery, by its number and its connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Over {
    number: usize,
    generation: u64,
}

impl HasGeneration for Over {
    fn generation(&self) -> u64 {
        self.generation
    }
}

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    /// A message comes for the first time, or as a copy.
    Deliver(u8),
    /// The oldest message in work, or another one, is done.
    Finish(prop::sample::Index, bool),
    /// The connection breaks: what is not settled comes again over the next one.
    Break,
    Later(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0u8..6).prop_map(Event::Deliver),
        4 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(at, done)| Event::Finish(at, done)),
        1 => Just(Event::Break),
        1 => (0u64..1500).prop_map(Event::Later),
    ];
    proptest::collection::vec(event, 0..120)
}

/// The table, and what the broker has delivered.
struct Run {
    table: InFlight<Over>,
    now: Instant,
    generation: u64,
    deliveries: usize,
    /// Who has not settled what, by the body of the message.
    open: BTreeMap<Over, u8>,
    /// The keys in work, with the message.
    working: Vec<(Key, u8)>,
    /// Deliveries that were given out to be settled.
    settled: BTreeSet<Over>,
    named: bool,
}

impl Run {
    fn deliver(&mut self, message: u8, redelivered: bool) {
        let over = Over { number: self.deliveries, generation: self.generation };
        self.deliveries += 1;
        self.open.insert(over.clone(), message);
        let id = self.named.then(|| Value::text(&message.to_string()));
        let incoming = Incoming { message_id: id, ..Incoming::default() };
        let identity = self.table.identify(&incoming, &[message]);
        match self.table.arrive(identity, over, redelivered, self.now) {
            Arrival::New(key) => {
                let twice = self.named && self.working.iter().any(|(_, other)| *other == message);
                assert!(!twice, "a message is processed twice at a time");
                self.working.push((key, message));
            }
            Arrival::Joined => {
                assert!(self.working.iter().any(|(_, other)| *other == message), "it joins nobody");
            }
            Arrival::Settled(verdict, over) => {
                assert_ne!(verdict, Verdict::Leave);
                self.settle(over, message);
            }
        }
    }

    fn settle(&mut self, over: Over, message: u8) {
        let was = self.open.get(&over);
        // One of an earlier connection has come again since.
        assert!(was.is_none_or(|was| *was == message), "a receipt of another message");
        self.open.remove(&over);
        assert!(self.settled.insert(over), "a delivery leaves the table twice");
    }

    fn finish(&mut self, at: usize, verdict: Verdict) {
        let (key, message) = self.working.remove(at);
        let receipts = self.table.finish(key, verdict, self.now);
        assert!(!receipts.is_empty(), "a message without a delivery was in work");
        for over in receipts {
            self.settle(over, message);
        }
    }

    /// Everything that is open comes again, over the next connection.
    fn reconnect(&mut self) {
        self.generation += 1;
        for (_, message) in std::mem::take(&mut self.open) {
            self.deliver(message, true);
        }
    }

    fn act(&mut self, event: &Event) {
        match event {
            Event::Deliver(message) => self.deliver(*message, false),
            Event::Finish(at, done) if !self.working.is_empty() => {
                let verdict = if *done { Verdict::Acknowledge } else { Verdict::Reject };
                self.finish(at.index(self.working.len()), verdict);
            }
            Event::Finish(..) => {}
            Event::Break => self.reconnect(),
            Event::Later(ms) => self.now += Duration::from_millis(*ms),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_delivery_leaves_the_table_once(prefetch in 1u16..5, named: bool, events in events()) {
        let mut run = Run {
            table: InFlight::new(prefetch),
            now: Instant::now(),
            generation: 0,
            deliveries: 0,
            open: BTreeMap::new(),
            working: Vec::new(),
            settled: BTreeSet::new(),
            named,
        };
        for event in &events {
            run.act(event);
        }
        while !run.working.is_empty() {
            run.finish(0, Verdict::Acknowledge);
        }
        prop_assert!(run.open.is_empty(), "a delivery never leaves the table");
        prop_assert!(run.table.lock().working.is_empty());
        prop_assert_eq!(run.settled.len(), run.deliveries, "every delivery is settled");
    }
}
