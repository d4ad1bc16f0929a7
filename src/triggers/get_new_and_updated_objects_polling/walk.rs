//! The way of a poll through what has changed: what to ask next, and which items of an answer are new. Pure.
//!
//! Podio's filter returns items sorted by their time, a whole second, from a given one on. An item that is changed moves
//! to the end, so the walk goes on by time: it asks from the newest time that it saw, that second included, and drops
//! what it saw of it. The limit leaves room for what is dropped. Only where one second holds more items than a call
//! returns is there an offset, and each such call begins with the last item of the one before it: if that is another
//! item now, some have moved, and the second is walked through again.

use chrono::NaiveDateTime;
use elasticio_runtime::action::Failure;

use super::{
    position::Position,
    settings::{PODIO_TIME, PollField},
};
use crate::podio::items::emitted::ItemHead;

/// Items of one second that are remembered: they are part of every snapshot.
const MAX_SEEN: usize = 5000;

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// The oldest time, included.
    pub(super) from: NaiveDateTime,
    pub(super) limit: usize,
    pub(super) offset: usize,
}

/// An item of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// The time by which the items are polled.
    pub(super) time: NaiveDateTime,
    /// Its revision, where a change of it counts.
    pub(super) revision: Option<u64>,
}

impl Entry {
    /// What an item says of itself; `None` if it has no time.
    pub(super) fn of(head: &ItemHead, field: PollField) -> Option<Self> {
        let (time, revision) = match field {
            PollField::Created => (head.created_on.as_deref(), None),
            PollField::LastModified => (head.last_edit_on(), head.newest_revision()),
        };
        let time = NaiveDateTime::parse_from_str(time?, PODIO_TIME).ok()?;
        Some(Self { id: head.item_id, time, revision })
    }
}

/// What an answer brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The places of its new items.
    pub(super) new: Vec<usize>,
    /// Whether there is nothing more.
    pub(super) is_last: bool,
}

/// More items of one second than are remembered.
#[derive(Debug)]
pub(super) struct Crowd(NaiveDateTime);

impl Crowd {
    pub(super) fn failure(&self, app: u64) -> Failure {
        let time = self.0.format(PODIO_TIME);
        Failure::new(format!(
            "More than {MAX_SEEN} items of the app {app} have the same time, {time} UTC: more than the trigger remembers. \
             Set the step's Start Time (startTime) to the second after it, and get these items with \"Lookup Items\"."
        ))
    }
}

/// Where in a second with more items than a call returns the walk is.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: usize,
    /// The item at `offset`, as the call before has seen it.
    item: u64,
}

/// A poll.
#[derive(Debug)]
pub(super) struct Walk {
    position: Position,
    page_size: usize,
    /// The most items that a call returns; at least 2.
    max_limit: usize,
    place: Option<Place>,
    /// Whether later items were seen before the walk through the position's second began, so that no item can have come
    /// into it since.
    is_over: bool,
}

impl Walk {
    /// A poll that begins at `position`, with at most `page_size` new items a page.
    pub(super) fn new(position: Position, page_size: usize, max_limit: usize) -> Self {
        Self { position, page_size, max_limit, place: None, is_over: false }
    }

    /// Up to where everything has been seen.
    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    /// What the next call asks for.
    pub(super) fn query(&self) -> Query {
        let (limit, offset) = match self.place {
            Some(place) => (self.max_limit, place.offset),
            None => (self.max_limit.min(self.page_size + self.position.seen.len()), 0),
        };
        Query { from: self.position.time, limit, offset }
    }

    /// Takes the answer to [`Self::query`].
    ///
    /// # Errors
    /// If more items of one second are to be remembered than can be.
    pub(super) fn page(&mut self, entries: &[Entry]) -> Result<Step, Crowd> {
        let is_full = entries.len() >= self.query().limit;
        if self.place.is_some_and(|place| entries.first().is_none_or(|entry| entry.id != place.item)) {
            self.place = None;
            return Ok(Step { new: Vec::new(), is_last: false });
        }
        let mut new = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            // A time before the one that was asked for would be a repetition of that, not a step back.
            let time = entry.time.max(self.position.time);
            let is_later = time > self.position.time;
            if !is_later && self.position.seen.get(&entry.id) == Some(&entry.revision) {
                continue;
            }
            if new.len() == self.page_size {
                return Ok(Step { new, is_last: false });
            }
            if is_later && self.place.take().is_some() && !self.is_over {
                // While the second lasted, items could come into it at places that the walk had passed.
                self.is_over = true;
                return Ok(Step { new, is_last: false });
            }
            if is_later {
                self.position = Position::at(time);
                self.is_over = false;
            }
            self.position.seen.insert(entry.id, entry.revision);
            if self.position.seen.len() > MAX_SEEN {
                return Err(Crowd(self.position.time));
            }
            new.push(at);
        }
        if is_full && new.is_empty() {
            let offset = self.query().offset + entries.len().saturating_sub(1);
            self.place = entries.last().map(|entry| Place { offset, item: entry.id });
        }
        Ok(Step { new, is_last: !is_full })
    }
}

#[cfg(test)]
mod tests;
