//! Which messages are in work, and which were settled a moment ago: a message that the broker delivers again joins
//! its first delivery instead of being processed twice (contract, sections 6 and 10).

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use lru::LruCache;

use crate::amqp::Receipt;

/// With more than one message in work, copies of one message may reach the worker just after the first of them was
/// done: for this long they count as delivered while it was in work. Successes only; what failed may be sent again.
const COPY_WINDOW: Duration = Duration::from_secs(1);

/// How many settled messages are remembered at least; four times the prefetch when that is more.
const MIN_REMEMBERED: usize = 1024;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its results are in their queues.
    Acknowledge,
    /// It failed, and its error is in its queue (or it could not be read at all).
    Reject,
    /// The worker stops: it stays unsettled and goes back when the connection closes.
    Leave,
}

impl Verdict {
    /// Settles one delivery.
    pub(super) fn settle(self, receipt: Receipt) {
        match self {
            Self::Acknowledge => receipt.acknowledge(),
            Self::Reject => receipt.reject(),
            Self::Leave => {}
        }
    }
}

/// A message's identity: the same message comes back from a rebound with a higher iteration and is another one then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) message_id: String,
    pub(super) rebound_iteration: u64,
}

/// What to do with a delivery.
#[derive(Debug)]
pub(super) enum Arrival<R> {
    /// Nobody works on it: process it, then call [`Register::finish`].
    New,
    /// It joined the first delivery and is settled with it.
    Joined,
    /// It is done already; settle it the same way.
    Settled(Verdict, R),
}

/// Something that tells which connection it came over; receipts, but for the tests.
pub(super) trait Received {
    fn generation(&self) -> u64;
}

impl Received for Receipt {
    fn generation(&self) -> u64 {
        Receipt::generation(self)
    }
}

/// The register of one worker.
pub(super) struct Register<R = Receipt>(Mutex<Inner<R>>);

struct Inner<R> {
    working: HashMap<Key, Vec<R>>,
    settled: LruCache<Key, Settled>,
    copy_window: Duration,
}

/// A message that is done.
#[derive(Clone, Copy)]
struct Settled {
    verdict: Verdict,
    generation: u64,
    at: Instant,
}

impl Settled {
    /// Whether a delivery is this message again: a redelivery over a later connection, because the settlement was
    /// lost with the earlier one; or a copy that was under way while the message was in work.
    fn is_again(&self, redelivered: bool, generation: u64, copy_window: Duration, now: Instant) -> bool {
        let lost_settlement = redelivered && generation > self.generation;
        let copy = self.verdict == Verdict::Acknowledge && now.saturating_duration_since(self.at) < copy_window;
        lost_settlement || copy
    }
}

impl<R: Received> Register<R> {
    /// A register for a worker with this prefetch.
    pub(super) fn new(prefetch: u16) -> Self {
        let remembered = usize::from(prefetch).saturating_mul(4).max(MIN_REMEMBERED);
        Self(Mutex::new(Inner {
            working: HashMap::new(),
            settled: LruCache::new(NonZeroUsize::new(remembered).unwrap_or(NonZeroUsize::MIN)),
            copy_window: if prefetch > 1 { COPY_WINDOW } else { Duration::ZERO },
        }))
    }

    /// Takes a delivery in, at the time `now`.
    pub(super) fn arrive(&self, key: &Key, receipt: R, redelivered: bool, now: Instant) -> Arrival<R> {
        let mut inner = self.lock();
        if let Some(receipts) = inner.working.get_mut(key) {
            receipts.push(receipt);
            return Arrival::Joined;
        }
        let copy_window = inner.copy_window;
        let generation = receipt.generation();
        if let Some(settled) = inner.settled.get_mut(key)
            && settled.is_again(redelivered, generation, copy_window, now)
        {
            settled.generation = generation;
            return Arrival::Settled(settled.verdict, receipt);
        }
        inner.working.insert(key.clone(), vec![receipt]);
        Arrival::New
    }

    /// Ends the work on a message, at the time `now`: gives all its receipts, to be settled with `verdict`.
    pub(super) fn finish(&self, key: &Key, verdict: Verdict, now: Instant) -> Vec<R> {
        let mut inner = self.lock();
        let receipts = inner.working.remove(key).unwrap_or_default();
        if matches!(verdict, Verdict::Acknowledge | Verdict::Reject) {
            let generation = receipts.iter().map(Received::generation).max().unwrap_or_default();
            inner.settled.put(key.clone(), Settled { verdict, generation, at: now });
        }
        receipts
    }

    fn lock(&self) -> MutexGuard<'_, Inner<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receipt that came over connection number `.0`.
    #[derive(Debug, PartialEq)]
    struct Over(u64);

    impl Received for Over {
        fn generation(&self) -> u64 {
            self.0
        }
    }

    fn key(message_id: &str, rebound_iteration: u64) -> Key {
        Key { message_id: message_id.to_owned(), rebound_iteration }
    }

    /// A register of a worker with one message in work, and of one with many.
    fn registers() -> [Register<Over>; 2] {
        [Register::new(1), Register::new(10)]
    }

    #[test]
    fn a_second_delivery_joins_the_first() {
        for register in registers() {
            let (key, now) = (key("a", 0), Instant::now());
            assert!(matches!(register.arrive(&key, Over(0), false, now), Arrival::New));
            assert!(matches!(register.arrive(&key, Over(0), false, now), Arrival::Joined));
            assert!(matches!(register.arrive(&key, Over(1), true, now), Arrival::Joined));
            assert_eq!(register.finish(&key, Verdict::Acknowledge, now), [Over(0), Over(0), Over(1)]);
        }
    }

    #[test]
    fn a_redelivery_over_a_later_connection_is_the_settled_message() {
        for register in registers() {
            let (key, now) = (key("a", 0), Instant::now());
            let arrive = |generation, redelivered| register.arrive(&key, Over(generation), redelivered, now);
            arrive(0, false);
            register.finish(&key, Verdict::Reject, now);
            assert!(matches!(arrive(1, true), Arrival::Settled(Verdict::Reject, Over(1))));
            assert!(matches!(arrive(1, true), Arrival::New), "the settlement was sent again");
            register.finish(&key, Verdict::Reject, now);
            assert!(matches!(arrive(2, false), Arrival::New), "what failed may be sent again");
        }
    }

    #[test]
    fn a_copy_just_after_a_success_counts_as_a_second_delivery_when_many_are_in_work() {
        let now = Instant::now();
        let later = now + COPY_WINDOW;
        let [one, many] = registers();
        for register in [&one, &many] {
            register.arrive(&key("a", 0), Over(0), false, now);
            register.finish(&key("a", 0), Verdict::Acknowledge, now);
        }
        assert!(matches!(one.arrive(&key("a", 0), Over(0), false, now), Arrival::New));
        assert!(matches!(many.arrive(&key("a", 0), Over(0), false, now), Arrival::Settled(Verdict::Acknowledge, _)));
        assert!(matches!(many.arrive(&key("a", 0), Over(0), false, later), Arrival::New));
    }

    #[test]
    fn a_rebound_is_another_message_and_what_was_left_is_not_remembered() {
        let register = Register::new(10);
        let now = Instant::now();
        register.arrive(&key("a", 0), Over(0), false, now);
        register.finish(&key("a", 0), Verdict::Acknowledge, now);
        assert!(matches!(register.arrive(&key("a", 1), Over(1), true, now), Arrival::New));
        register.finish(&key("a", 1), Verdict::Leave, now);
        assert!(matches!(register.arrive(&key("a", 1), Over(2), true, now), Arrival::New));
    }

    #[test]
    fn memory_is_bounded() {
        let register = Register::new(1);
        let now = Instant::now();
        for index in 0..5000 {
            let key = key(&index.to_string(), 0);
            register.arrive(&key, Over(0), false, now);
            register.finish(&key, Verdict::Acknowledge, now);
        }
        assert!(register.lock().settled.len() <= MIN_REMEMBERED);
        assert!(register.lock().working.is_empty());
    }
}
