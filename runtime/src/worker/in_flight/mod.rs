//! Which messages are in flight, and which were just settled: a message that the broker delivers again joins its first
//! delivery instead of being processed twice (protocol, sections 6.13 and 10.9).

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use lru::LruCache;

mod fingerprint;

use crate::{amqp::Receipt, platform::headers::Incoming};
use fingerprint::{Fingerprint, Fingerprinter};

/// With a prefetch above 1, a copy of a message may arrive just after the message is done: for this long it counts as
/// delivered while the message was in flight. This holds after a success only; a failed message may be sent again.
const COPY_WINDOW: Duration = Duration::from_secs(1);

/// How many settled messages are remembered; four times the prefetch when that is more.
const MIN_REMEMBERED: usize = 1024;

/// How to settle a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is done, and its results are in their queues.
    Acknowledge,
    /// It failed, and its error is in its queue (or it could not be read at all).
    Reject,
    /// The worker stops: it stays unsettled and goes back when the connection closes.
    Leave,
}

impl Verdict {
    /// Settles one of its deliveries.
    pub(super) fn settle(self, receipt: Receipt) {
        match self {
            Self::Acknowledge => receipt.acknowledge(),
            Self::Reject => receipt.reject(),
            Self::Leave => {}
        }
    }
}

/// The identity of a message. Senders give different messages the same `messageId`, or none, so the body is part of it;
/// and a message that comes back from a rebound has a higher iteration, which makes it another message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct MessageIdentity {
    message_id: Option<String>,
    rebound_iteration: u64,
    body: Fingerprint,
}

/// One message in flight or settled. Messages without `messageId` may be equal without being the same one: a number
/// distinguishes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    identity: MessageIdentity,
    number: u64,
}

/// What to do with a delivery.
#[derive(Debug)]
pub(super) enum Arrival<R> {
    /// It is not in flight: process it, then call [`InFlight::finish`].
    New(Key),
    /// It joined the message's first delivery and is settled with it.
    Joined,
    /// The message is already settled: settle this delivery the same way.
    Settled(Verdict, R),
}

/// Has the number of the connection that it came over: a [`Receipt`], or its stand-in in tests.
pub(super) trait HasGeneration {
    fn generation(&self) -> u64;
}

impl HasGeneration for Receipt {
    fn generation(&self) -> u64 {
        Receipt::generation(self)
    }
}

/// The messages in flight of one worker.
pub(super) struct InFlight<R = Receipt> {
    fingerprinter: Fingerprinter,
    copy_window: Duration,
    inner: Mutex<Inner<R>>,
}

struct Inner<R> {
    /// The receipts of each message in flight.
    working: HashMap<Key, Vec<R>>,
    settled: LruCache<Key, Settled>,
    /// How many messages without `messageId` there were so far.
    nameless: u64,
}

/// A settled message.
#[derive(Clone, Copy)]
struct Settled {
    verdict: Verdict,
    generation: u64,
    at: Instant,
}

impl Settled {
    /// Whether a delivery is this message again: a redelivery, because the settlement was lost with the connection or the
    /// queue that it was for, or a copy that was sent while the message was in flight. A failed message may be sent again
    /// and returned by another worker, so its redelivery counts over a later connection only.
    fn is_again(&self, redelivered: bool, generation: u64, copy_window: Duration, now: Instant) -> bool {
        let succeeded = self.verdict == Verdict::Acknowledge;
        let lost_settlement = redelivered && (succeeded || generation > self.generation);
        let copy = succeeded && now.saturating_duration_since(self.at) < copy_window;
        lost_settlement || copy
    }
}

impl<R: HasGeneration> InFlight<R> {
    /// Tracks the messages of a worker with this prefetch.
    pub(super) fn new(prefetch: u16) -> Self {
        let remembered = usize::from(prefetch).saturating_mul(4).max(MIN_REMEMBERED);
        let settled = LruCache::new(NonZeroUsize::new(remembered).unwrap_or(NonZeroUsize::MIN));
        Self {
            fingerprinter: Fingerprinter::new(),
            copy_window: if prefetch > 1 { COPY_WINDOW } else { Duration::ZERO },
            inner: Mutex::new(Inner { working: HashMap::new(), settled, nameless: 0 }),
        }
    }

    /// The identity of a message with these headers and this body.
    pub(super) fn identify(&self, incoming: &Incoming, body: &[u8]) -> MessageIdentity {
        MessageIdentity {
            message_id: incoming.message_key(),
            rebound_iteration: incoming.rebound_iteration,
            body: self.fingerprinter.of(body),
        }
    }

    /// Records a delivery at the time `now`; returns what to do with it.
    pub(super) fn arrive(&self, identity: MessageIdentity, receipt: R, redelivered: bool, now: Instant) -> Arrival<R> {
        let mut inner = self.lock();
        if identity.message_id.is_none() {
            return inner.arrive_nameless(identity, receipt, redelivered);
        }
        let key = Key { identity, number: 0 };
        if let Some(receipts) = inner.working.get_mut(&key) {
            receipts.push(receipt);
            return Arrival::Joined;
        }
        let generation = receipt.generation();
        if let Some(settled) = inner.settled.get_mut(&key)
            && settled.is_again(redelivered, generation, self.copy_window, now)
        {
            settled.generation = generation;
            return Arrival::Settled(settled.verdict, receipt);
        }
        inner.begin(key, receipt)
    }

    /// Records that a message is done at the time `now`; returns all its receipts, to be settled with `verdict`.
    pub(super) fn finish(&self, key: Key, verdict: Verdict, now: Instant) -> Vec<R> {
        let mut inner = self.lock();
        let receipts = inner.working.remove(&key).unwrap_or_default();
        if matches!(verdict, Verdict::Acknowledge | Verdict::Reject) {
            let generation = receipts.iter().map(HasGeneration::generation).max().unwrap_or_default();
            inner.settled.put(key, Settled { verdict, generation, at: now });
        }
        receipts
    }

    fn lock(&self) -> MutexGuard<'_, Inner<R>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: HasGeneration> Inner<R> {
    /// Without `messageId`, only a redelivery over a later connection is known to be a message that arrived before: one
    /// of those with the same identity, each of which comes back once.
    fn arrive_nameless(&mut self, identity: MessageIdentity, receipt: R, redelivered: bool) -> Arrival<R> {
        let generation = receipt.generation();
        if redelivered {
            let mut working = self.working.iter_mut().filter(|(key, _)| key.identity == identity);
            if let Some((_, receipts)) =
                working.find(|(_, receipts)| receipts.iter().all(|r| r.generation() < generation))
            {
                receipts.push(receipt);
                return Arrival::Joined;
            }
            let mut settled = self.settled.iter_mut().filter(|(key, _)| key.identity == identity);
            if let Some((_, settled)) = settled.find(|(_, settled)| settled.generation < generation) {
                settled.generation = generation;
                return Arrival::Settled(settled.verdict, receipt);
            }
        }
        self.nameless += 1;
        self.begin(Key { identity, number: self.nameless }, receipt)
    }

    fn begin(&mut self, key: Key, receipt: R) -> Arrival<R> {
        self.working.insert(key.clone(), vec![receipt]);
        Arrival::New(key)
    }
}

#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;
