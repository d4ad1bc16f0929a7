//! The cooldown after a rate limit: while it lasts, no message of the credential calls the API (protocol, section 11.4).
//! Then the messages take turns, as [`Pace`] admits them.

use std::{
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::pace::{Admission, Pace};

/// The calls of one credential.
#[derive(Debug, Default)]
pub(super) struct Cooldown {
    pace: Mutex<Pace>,
    /// Wakes those who wait for a turn, in the order in which they came.
    room: Notify,
}

/// A call that may be made; it counts as under way until this is dropped. `None` while calls are not counted.
#[derive(Debug)]
pub(super) struct Turn<'a>(Option<Counted<'a>>);

#[derive(Debug)]
struct Counted<'a> {
    cooldown: &'a Cooldown,
    round: u32,
    passed: bool,
}

/// Why there is no turn yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// The cooldown takes so much longer.
    CoolingDown(Duration),
    /// Other calls come first; ask again after this time, or when [`Cooldown::room`] says so.
    Later(Duration),
}

impl Cooldown {
    /// Starts a cooldown of `wait`; a cooldown that ends later is kept.
    pub(super) fn extend(&self, wait: Duration) {
        self.pace().pause(wait, Instant::now());
        // Those who wait for a turn may have to give up now.
        self.room.notify_waiters();
    }

    /// The rest of the cooldown.
    pub(super) fn remaining(&self) -> Duration {
        self.pace().pause_left(Instant::now())
    }

    /// Takes a turn, if there is one.
    pub(super) fn turn(&self) -> Result<Turn<'_>, NoTurn> {
        let (mut pace, now) = (self.pace(), Instant::now());
        match pace.admit(now) {
            Admission::Uncounted => Ok(Turn(None)),
            Admission::Counted(round) => {
                self.wake_next(&pace, now);
                Ok(Turn(Some(Counted { cooldown: self, round, passed: false })))
            }
            Admission::Paused(wait) => Err(NoTurn::CoolingDown(wait)),
            Admission::Full(wait) => Err(NoTurn::Later(wait)),
        }
    }

    /// Takes a turn as soon as there may be one, at the latest after `wait`.
    pub(super) async fn next_turn(&self, wait: Duration) -> Result<Turn<'_>, NoTurn> {
        let mut room = pin!(self.room.notified());
        room.as_mut().enable();
        if let Ok(turn) = self.turn() {
            return Ok(turn);
        }
        let _ = tokio::time::timeout(wait, room).await;
        self.turn()
    }

    fn wake_next(&self, pace: &Pace, now: Instant) {
        if pace.has_room(now) {
            self.room.notify_one();
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The rate limit let the call through.
    pub(super) fn passed(&mut self) {
        if let Some(counted) = &mut self.0 {
            counted.passed = true;
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let (mut pace, now) = (self.cooldown.pace(), Instant::now());
        pace.end(self.round, self.passed, now);
        self.cooldown.wake_next(&pace, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_longest_cooldown_applies() {
        let cooldown = Cooldown::default();
        assert_eq!(cooldown.remaining(), Duration::ZERO);
        cooldown.extend(Duration::from_secs(5));
        cooldown.extend(Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cooldown.remaining(), Duration::from_secs(4));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(cooldown.remaining(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_ends_makes_room_for_those_who_wait() {
        let cooldown = Cooldown::default();
        let pass = || {
            let mut turn = cooldown.turn().expect("there is room");
            turn.passed();
            turn
        };
        drop(pass());
        let second = pass();
        assert!(matches!(cooldown.turn(), Err(NoTurn::Later(_))));
        let begun = Instant::now();
        let next = async || loop {
            if let Ok(turn) = cooldown.next_turn(Duration::from_secs(9)).await {
                return turn;
            }
        };
        let both = tokio::join!(next(), next(), async { drop(second) });
        assert_eq!(begun.elapsed(), Duration::ZERO, "the second call makes room for one more: {both:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cooldown_wakes_those_who_wait_for_a_turn() {
        let cooldown = Cooldown::default();
        let _first = cooldown.turn().expect("the first call");
        let wait = Duration::from_secs(3600);
        let (turn, ()) = tokio::join!(cooldown.next_turn(Duration::from_secs(9)), async { cooldown.extend(wait) });
        assert_eq!(turn.map(|_| ()), Err(NoTurn::CoolingDown(wait)));
    }
}
