//! Settles the deliveries of one channel. What is acknowledged at the same moment goes out together: the oldest open
//! deliveries by one frame (`multiple`), the rest one by one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::FutureExt;
use lapin::{
    Channel,
    options::{BasicAckOptions, BasicRejectOptions},
};

/// The batcher of one channel.
pub(super) struct AckBatcher {
    channel: Channel,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The tags of deliveries that are not settled, in the order that they came in, which is their own.
    open: VecDeque<u64>,
    /// Those among them that are to be acknowledged; the first brings the task that does it.
    done: Vec<u64>,
}

/// One frame that acknowledges.
#[derive(Debug, PartialEq, Eq)]
struct AckFrame {
    tag: u64,
    /// Together with everything open before it.
    multiple: bool,
}

impl AckBatcher {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, state: Mutex::default() }
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Takes note of a delivery.
    pub(super) fn delivered(&self, tag: u64) {
        self.lock().open.push_back(tag);
    }

    /// Acknowledges a delivery, with all others that are done at this moment.
    pub(super) fn acknowledge(self: &Arc<Self>, tag: u64) {
        let (alone, first) = {
            let mut state = self.lock();
            state.done.push(tag);
            (state.open.len() == 1, state.done.len() == 1)
        };
        if alone {
            self.flush();
        } else if first {
            // The task runs after those that are ready already.
            let batcher = self.clone();
            tokio::spawn(async move { batcher.flush() });
        }
    }

    /// Rejects a delivery without requeue.
    pub(super) fn reject(&self, tag: u64) {
        self.lock().close(tag);
        send(tag, self.channel.basic_reject(tag, BasicRejectOptions { requeue: false }));
    }

    /// Acknowledges everything that is done.
    pub(super) fn flush(&self) {
        let frames = self.lock().take_done();
        for AckFrame { tag, multiple } in frames {
            send(tag, self.channel.basic_ack(tag, BasicAckOptions { multiple }));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lays a settlement into the client library's queue, which one poll does. Nobody waits until it is written: the
/// broker does not answer settlements, so that tells no more.
fn send(tag: u64, settlement: impl Future<Output = Result<(), lapin::Error>>) {
    if let Some(Err(error)) = settlement.now_or_never() {
        tracing::debug!(%error, tag, "not settled: its connection is gone, it will be delivered again");
    }
}

impl State {
    /// The frames that acknowledge what is done, which is not open any more then.
    fn take_done(&mut self) -> Vec<AckFrame> {
        let mut done = std::mem::take(&mut self.done);
        done.sort_unstable();
        let run = done.iter().zip(&self.open).take_while(|(done, open)| done == open).count();
        self.open.drain(..run);
        let mut frames = Vec::with_capacity(1 + done.len() - run);
        if let Some(tag) = run.checked_sub(1).and_then(|last| done.get(last)) {
            frames.push(AckFrame { tag: *tag, multiple: run > 1 });
        }
        for tag in done.into_iter().skip(run) {
            self.close(tag);
            frames.push(AckFrame { tag, multiple: false });
        }
        frames
    }

    fn close(&mut self, tag: u64) {
        if let Ok(index) = self.open.binary_search(&tag) {
            self.open.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(open: &[u64], done: &[u64]) -> (Vec<(u64, bool)>, Vec<u64>) {
        let mut state = State { open: open.iter().copied().collect(), done: done.to_vec() };
        let frames = state.take_done().into_iter().map(|frame| (frame.tag, frame.multiple)).collect();
        assert!(state.done.is_empty());
        (frames, state.open.into())
    }

    #[test]
    fn the_oldest_go_together_and_the_rest_alone() {
        assert_eq!(frames(&[1], &[1]), (vec![(1, false)], vec![]));
        assert_eq!(frames(&[1, 2, 3], &[2, 1]), (vec![(2, true)], vec![3]));
        assert_eq!(frames(&[1, 2, 3], &[3, 2]), (vec![(2, false), (3, false)], vec![1]));
        assert_eq!(frames(&[1, 2, 4, 5, 6], &[6, 4, 2, 1]), (vec![(4, true), (6, false)], vec![5]));
        assert_eq!(frames(&[1, 2], &[]), (vec![], vec![1, 2]));
    }

    proptest! {
        /// What a broker makes of the frames: exactly what is done is acknowledged, and nothing twice.
        #[test]
        fn exactly_what_is_done_is_acknowledged(all in proptest::collection::btree_map(1u64..60, any::<bool>(), 0..40)) {
            let open: Vec<u64> = all.keys().copied().collect();
            let mut done: Vec<u64> = all.iter().filter(|(_, done)| **done).map(|(tag, _)| *tag).collect();
            done.reverse();
            let (frames, left) = frames(&open, &done);
            let mut unacknowledged = open;
            for (tag, multiple) in frames {
                prop_assert!(unacknowledged.contains(&tag), "{tag} is acknowledged twice");
                unacknowledged.retain(|open| if multiple { *open > tag } else { *open != tag });
            }
            prop_assert_eq!(&unacknowledged, &left);
            let expected: Vec<u64> = all.iter().filter(|(_, done)| !**done).map(|(tag, _)| *tag).collect();
            prop_assert_eq!(unacknowledged, expected);
        }
    }
}
