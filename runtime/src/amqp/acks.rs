//! Acknowledges and rejects the deliveries of one channel. Deliveries that are done at the same moment are acknowledged
//! together: the oldest unsettled ones in one frame (`multiple`), the others one by one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::FutureExt;
use lapin::{
    Channel,
    options::{BasicAckOptions, BasicRejectOptions},
};

/// Settles the deliveries of one channel, acknowledgements in batches.
pub(super) struct AckBatcher {
    channel: Channel,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The tags of unsettled deliveries, in the order of arrival, which is ascending.
    unsettled: VecDeque<u64>,
    /// Those of them to be acknowledged; the first one added spawns the task that flushes them.
    done: Vec<u64>,
}

/// One `basic.ack`.
#[derive(Debug, PartialEq, Eq)]
struct AckFrame {
    tag: u64,
    /// Whether it also covers every earlier unsettled delivery.
    multiple: bool,
}

impl AckBatcher {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, state: Mutex::default() }
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Records a delivery as unsettled.
    pub(super) fn delivered(&self, tag: u64) {
        self.lock().unsettled.push_back(tag);
    }

    /// Acknowledges a delivery, together with all others that are done at this moment.
    pub(super) fn acknowledge(self: &Arc<Self>, tag: u64) {
        let (alone, first) = {
            let mut state = self.lock();
            state.done.push(tag);
            (state.unsettled.len() == 1, state.done.len() == 1)
        };
        if alone {
            self.flush();
        } else if first {
            // The task runs after those that are ready now, so that their acknowledgements join this flush.
            let batcher = self.clone();
            tokio::spawn(async move { batcher.flush() });
        }
    }

    /// Rejects a delivery without requeue.
    pub(super) fn reject(&self, tag: u64) {
        self.lock().forget(tag);
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

/// Enqueues the frame; lapin does that on the first poll. Settlements have no reply, so there is nothing to wait for.
fn send(tag: u64, settlement: impl Future<Output = Result<(), lapin::Error>>) {
    if let Some(Err(error)) = settlement.now_or_never() {
        tracing::debug!(%error, tag, "not settled: the connection is gone, so the broker delivers it again");
    }
}

impl State {
    /// Removes everything that is done and returns the frames that acknowledge it.
    fn take_done(&mut self) -> Vec<AckFrame> {
        let mut done = std::mem::take(&mut self.done);
        done.sort_unstable();
        let run = done.iter().zip(&self.unsettled).take_while(|(done, unsettled)| done == unsettled).count();
        self.unsettled.drain(..run);
        let mut frames = Vec::with_capacity(1 + done.len() - run);
        if let Some(tag) = run.checked_sub(1).and_then(|last| done.get(last)) {
            frames.push(AckFrame { tag: *tag, multiple: run > 1 });
        }
        for tag in done.into_iter().skip(run) {
            self.forget(tag);
            frames.push(AckFrame { tag, multiple: false });
        }
        frames
    }

    fn forget(&mut self, tag: u64) {
        if let Ok(index) = self.unsettled.binary_search(&tag) {
            self.unsettled.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The frames, as (tag, multiple), and what stays unsettled.
    fn frames(unsettled: &[u64], done: &[u64]) -> (Vec<(u64, bool)>, Vec<u64>) {
        let mut state = State { unsettled: unsettled.iter().copied().collect(), done: done.to_vec() };
        let frames = state.take_done().into_iter().map(|frame| (frame.tag, frame.multiple)).collect();
        assert!(state.done.is_empty());
        (frames, state.unsettled.into())
    }

    #[test]
    fn the_oldest_deliveries_share_a_frame_and_the_others_get_one_each() {
        assert_eq!(frames(&[1], &[1]), (vec![(1, false)], vec![]));
        assert_eq!(frames(&[1, 2, 3], &[2, 1]), (vec![(2, true)], vec![3]));
        assert_eq!(frames(&[1, 2, 3], &[3, 2]), (vec![(2, false), (3, false)], vec![1]));
        assert_eq!(frames(&[1, 2, 4, 5, 6], &[6, 4, 2, 1]), (vec![(4, true), (6, false)], vec![5]));
        assert_eq!(frames(&[1, 2], &[]), (vec![], vec![1, 2]));
    }

    proptest! {
        /// Replays the frames as a broker does: exactly what is done is acknowledged, and nothing twice.
        #[test]
        fn exactly_what_is_done_is_acknowledged(all in proptest::collection::btree_map(1u64..60, any::<bool>(), 0..40)) {
            let unsettled: Vec<u64> = all.keys().copied().collect();
            let mut done: Vec<u64> = all.iter().filter(|(_, done)| **done).map(|(tag, _)| *tag).collect();
            done.reverse();
            let (frames, left) = frames(&unsettled, &done);
            let mut unacknowledged = unsettled;
            for (tag, multiple) in frames {
                prop_assert!(unacknowledged.contains(&tag), "{tag} is acknowledged twice");
                unacknowledged.retain(|other| if multiple { *other > tag } else { *other != tag });
            }
            prop_assert_eq!(&unacknowledged, &left);
            let expected: Vec<u64> = all.iter().filter(|(_, done)| !**done).map(|(tag, _)| *tag).collect();
            prop_assert_eq!(unacknowledged, expected);
        }
    }
}
