//! How calls go on after a rate limit (protocol, section 11.27). Pure: time and outcomes come from outside.
//!
//! A process sees only its own calls and answers, not those of other workers with the same credential. It begins with one
//! call at a time, and every second call that is let through makes room for one more, so that a limit that is exhausted
//! refuses few. It remembers how many calls were let through between two pauses: its share of the limit. When most of that
//! share is used, calls go one by one until the API refuses one. The shares of all workers together are what the API lets
//! through, so each worker loses about one call per pause.

use std::time::Duration;

use tokio::time::Instant;

/// A call that has had no answer for this long holds fewer others back: the room doubles each time.
const PATIENCE: Duration = Duration::from_millis(100);
/// With room for this many calls at once, calls are no longer counted.
const UNLIMITED: u32 = 128;
/// So many calls more than the last share, at least, go one by one before the share counts as outdated.
const MORE: u32 = 16;

/// The state of one credential's calls.
#[derive(Debug)]
pub(super) struct Pace {
    /// The end of the pause; calls that ask after it begin a new round.
    paused_until: Option<Instant>,
    /// Rounds are what lies between two pauses. A turn of an earlier round says nothing about this one.
    round: u32,
    mode: Mode,
    /// Calls under way that were counted in this round.
    under_way: u32,
    /// Calls that were let through in this round.
    passed: u32,
    /// How many calls may be under way at `since`.
    room: u32,
    /// When the room was last determined.
    since: Option<Instant>,
}

/// What limits the calls of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The room grows with the calls that are let through.
    Growing,
    /// As many calls were let through in the last round.
    Share(u32),
    /// Nothing: there was no rate limit for many calls.
    Unlimited,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Yes, and nobody needs to know how it ends.
    Uncounted,
    /// Yes. It counts in this round until [`Pace::end`].
    Counted(u32),
    /// Not before the pause is over, which takes this long.
    Paused(Duration),
    /// Not before another call ends; after this long there is more room in any case.
    Full(Duration),
}

impl Default for Pace {
    fn default() -> Self {
        let mode = Mode::Growing;
        Self { paused_until: None, round: 0, mode, under_way: 0, passed: 0, room: 1, since: None }
    }
}

impl Pace {
    /// The rest of the pause.
    pub(super) fn pause_left(&self, now: Instant) -> Duration {
        self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Lets no call be made for `wait`; a pause that ends later is kept.
    pub(super) fn pause(&mut self, wait: Duration, now: Instant) {
        let until = now + wait;
        self.paused_until = Some(self.paused_until.map_or(until, |current| current.max(until)));
    }

    /// Admits a call, if it may be made now.
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        let pause = self.pause_left(now);
        if !pause.is_zero() {
            return Admission::Paused(pause);
        }
        if self.paused_until.take().is_some() {
            self.begin_round();
        }
        if self.mode == Mode::Unlimited {
            return Admission::Uncounted;
        }
        if self.under_way == 0 {
            self.since = Some(now);
        }
        if !self.has_room(now) {
            return Admission::Full((PATIENCE * (self.doublings(now) + 1)).saturating_sub(self.waited(now)));
        }
        self.under_way += 1;
        Admission::Counted(self.round)
    }

    /// Whether another call may be made now, apart from a pause.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        self.mode == Mode::Unlimited || self.under_way < self.grown(self.limit(), now)
    }

    /// A call that was counted in `round` has ended. `passed`: the rate limit let it through.
    pub(super) fn end(&mut self, round: u32, passed: bool, now: Instant) {
        if round != self.round || self.mode == Mode::Unlimited {
            return;
        }
        self.under_way = self.under_way.saturating_sub(1);
        if !passed {
            return;
        }
        self.passed = self.passed.saturating_add(1);
        self.room = self.grown(self.room, now).saturating_add(u32::from(self.passed.is_multiple_of(2)));
        self.since = Some(now);
        match self.mode {
            Mode::Share(share) if self.passed >= outdated(share) => (self.mode, self.room) = (Mode::Growing, 1),
            Mode::Growing if self.room >= UNLIMITED => self.mode = Mode::Unlimited,
            _ => {}
        }
    }

    fn begin_round(&mut self) {
        // What an unlimited round let through was not counted.
        self.mode = if self.mode == Mode::Unlimited { Mode::Growing } else { Mode::Share(self.passed) };
        self.round = self.round.wrapping_add(1);
        (self.under_way, self.passed, self.room, self.since) = (0, 0, 1, None);
    }

    /// How many calls may be under way while answers come.
    fn limit(&self) -> u32 {
        match self.mode {
            Mode::Share(share) => self.room.min(at_once(share).saturating_sub(self.passed)).max(1),
            Mode::Growing | Mode::Unlimited => self.room,
        }
    }

    /// `room` as it is after the time without an answer.
    fn grown(&self, room: u32, now: Instant) -> u32 {
        room.saturating_mul(1_u32.checked_shl(self.doublings(now)).unwrap_or(u32::MAX))
    }

    fn doublings(&self, now: Instant) -> u32 {
        u32::try_from(self.waited(now).as_millis() / PATIENCE.as_millis()).unwrap_or(u32::MAX - 1)
    }

    fn waited(&self, now: Instant) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

/// How many calls of a share are made without regard to its end.
fn at_once(share: u32) -> u32 {
    share - share / 4
}

/// With so many calls let through, a share is outdated.
fn outdated(share: u32) -> u32 {
    share.saturating_mul(2).max(share.saturating_add(MORE))
}

#[cfg(test)]
mod tests;
