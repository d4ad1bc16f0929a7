//! Which messages are in work, and which were settled a moment ago: a message that the broker delivers again joins
//! its first delivery instead of being processed twice (contract, sections 6 and 10).

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;

use crate::amqp::Receipt;

/// How many settled messages are remembered at least; four times the prefetch when that is more.
const MIN_REMEMBERED: usize = 1024;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its results are in their queues.
    Acknowledge,
    /// It failed, and its error is in its queue (or it could not be read at all).
    Reject,
    /// Its outcome could not be published: the broker shall deliver it again.
    Requeue,
    /// The worker stops: it stays unsettled and goes back when the connection closes.
    Leave,
}

impl Verdict {
    /// Settles one delivery.
    pub(super) async fn settle(self, receipt: Receipt) {
        match self {
            Self::Acknowledge => receipt.acknowledge().await,
            Self::Reject => receipt.reject().await,
            Self::Requeue => receipt.requeue().await,
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
    /// It was settled on a connection that broke; settle it the same way.
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
    settled: LruCache<Key, (Verdict, u64)>,
}

impl<R: Received> Register<R> {
    /// A register for a worker with this prefetch.
    pub(super) fn new(prefetch: u16) -> Self {
        let remembered = NonZeroUsize::new(usize::from(prefetch) * 4)
            .unwrap_or(NonZeroUsize::MIN)
            .max(NonZeroUsize::new(MIN_REMEMBERED).unwrap_or(NonZeroUsize::MIN));
        Self(Mutex::new(Inner { working: HashMap::new(), settled: LruCache::new(remembered) }))
    }

    /// Takes a delivery in.
    pub(super) fn arrive(&self, key: &Key, receipt: R, redelivered: bool) -> Arrival<R> {
        let mut inner = self.lock();
        if let Some(receipts) = inner.working.get_mut(key) {
            receipts.push(receipt);
            return Arrival::Joined;
        }
        // Only a redelivery over a later connection is the message that was settled: the settlement was lost with
        // the earlier one. Anything else is a copy that somebody sent, and is processed.
        if redelivered
            && let Some((verdict, generation)) = inner.settled.get(key).copied()
            && receipt.generation() > generation
        {
            inner.settled.put(key.clone(), (verdict, receipt.generation()));
            return Arrival::Settled(verdict, receipt);
        }
        inner.working.insert(key.clone(), vec![receipt]);
        Arrival::New
    }

    /// Ends the work on a message: gives all its receipts, to be settled with `verdict`.
    pub(super) fn finish(&self, key: &Key, verdict: Verdict) -> Vec<R> {
        let mut inner = self.lock();
        let receipts = inner.working.remove(key).unwrap_or_default();
        if matches!(verdict, Verdict::Acknowledge | Verdict::Reject) {
            let generation = receipts.iter().map(Received::generation).max().unwrap_or_default();
            inner.settled.put(key.clone(), (verdict, generation));
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

    #[test]
    fn a_second_delivery_joins_the_first() {
        let register = Register::new(10);
        let key = key("a", 0);
        assert!(matches!(register.arrive(&key, Over(0), false), Arrival::New));
        assert!(matches!(register.arrive(&key, Over(0), false), Arrival::Joined));
        assert!(matches!(register.arrive(&key, Over(1), true), Arrival::Joined));
        assert_eq!(register.finish(&key, Verdict::Acknowledge), [Over(0), Over(0), Over(1)]);
    }

    #[test]
    fn only_a_redelivery_over_a_later_connection_is_the_settled_message() {
        let register = Register::new(10);
        let key = key("a", 0);
        register.arrive(&key, Over(0), false);
        register.finish(&key, Verdict::Reject);
        assert!(matches!(register.arrive(&key, Over(1), true), Arrival::Settled(Verdict::Reject, Over(1))));
        assert!(matches!(register.arrive(&key, Over(1), true), Arrival::New), "the settlement was sent again");
        register.finish(&key, Verdict::Reject);
        assert!(matches!(register.arrive(&key, Over(2), false), Arrival::New), "a copy that somebody sent");
    }

    #[test]
    fn a_rebound_is_another_message_and_what_was_left_is_not_remembered() {
        let register = Register::new(10);
        register.arrive(&key("a", 0), Over(0), false);
        register.finish(&key("a", 0), Verdict::Acknowledge);
        assert!(matches!(register.arrive(&key("a", 1), Over(1), true), Arrival::New));
        for verdict in [Verdict::Leave, Verdict::Requeue] {
            register.finish(&key("a", 1), verdict);
            assert!(matches!(register.arrive(&key("a", 1), Over(2), true), Arrival::New));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let register = Register::new(1);
        for index in 0..5000 {
            let key = key(&index.to_string(), 0);
            register.arrive(&key, Over(0), false);
            register.finish(&key, Verdict::Acknowledge);
        }
        assert!(register.lock().settled.len() <= MIN_REMEMBERED);
        assert!(register.lock().working.is_empty());
    }
}
