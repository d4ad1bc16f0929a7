//! The walk against a model of Podio's filter, with changes between any two calls, and crashes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use proptest::{prelude::*, sample::Index};

use super::*;

/// Items, each with its revision.
type Seen = BTreeSet<(u64, Option<u64>)>;

/// Polls after which everything must have been seen, once nothing changes any more.
const MAX_CALLS: usize = 2000;

fn at(second: i64) -> NaiveDateTime {
    DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::seconds(1_000_000 + second)
}

/// An item of the model.
#[derive(Clone, Copy, Debug)]
struct Item {
    revision: u64,
    created: i64,
    edited: i64,
}

/// Podio, as far as it matters here.
#[derive(Debug, Default)]
struct Podio {
    items: BTreeMap<u64, Item>,
    last_id: u64,
    now: i64,
}

impl Podio {
    /// The answer of the filter: sorted by time, equals by id.
    fn filter(&self, query: Query, field: PollField) -> Vec<Entry> {
        let entry = |(&id, item): (&u64, &Item)| match field {
            PollField::Created => Entry { id, time: at(item.created), revision: None },
            PollField::LastModified => Entry { id, time: at(item.edited), revision: Some(item.revision) },
        };
        let mut entries: Vec<Entry> = self.items.iter().map(entry).filter(|entry| entry.time >= query.from).collect();
        entries.sort_by_key(|entry| (entry.time, entry.id));
        entries.into_iter().skip(query.offset).take(query.limit).collect()
    }

    fn changes(&self, field: PollField) -> Seen {
        let begin = Query { from: at(0), limit: usize::MAX, offset: 0 };
        self.filter(begin, field).into_iter().map(|entry| (entry.id, entry.revision)).collect()
    }
}

/// What happens.
#[derive(Clone, Debug)]
enum Event {
    Create(usize),
    Edit(Index),
    Delete(Index),
    /// Seconds that pass.
    Pass(i64),
    /// One call of a poll.
    Call,
    /// One call of a poll, after which the process dies between the items and the snapshot.
    Crash,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (1..9_usize).prop_map(Event::Create),
        4 => any::<Index>().prop_map(Event::Edit),
        1 => any::<Index>().prop_map(Event::Delete),
        1 => (1..3_i64).prop_map(Event::Pass),
        6 => Just(Event::Call),
        1 => Just(Event::Crash),
    ]
}

/// The trigger around the walk, and what it has emitted.
struct Trigger {
    field: PollField,
    page_size: usize,
    max_limit: usize,
    single_page: bool,
    /// What the snapshot says.
    snapshot: Position,
    /// A poll that is under way, and what there was to see when it began.
    poll: Option<(Walk, Seen)>,
    /// Everything that was emitted.
    ever: Seen,
    /// What was emitted and is in the snapshot.
    kept: Seen,
}

impl Trigger {
    /// One call; returns whether its poll is done, and how many items were new.
    fn call(&mut self, podio: &Podio, crash: bool) -> Result<(bool, usize), TestCaseError> {
        let begin = || (Walk::new(self.snapshot.clone(), self.page_size, self.max_limit), podio.changes(self.field));
        let (mut walk, there) = self.poll.take().unwrap_or_else(begin);
        let entries = podio.filter(walk.query(), self.field);
        let step = walk.page(&entries).expect("few items");
        prop_assert!(step.new.len() <= self.page_size);
        let new: Vec<_> = step.new.iter().map(|at| (entries[*at].id, entries[*at].revision)).collect();
        for change in &new {
            prop_assert!(!self.kept.contains(change), "{change:?} twice");
        }
        self.ever.extend(&new);
        if crash {
            return Ok((false, new.len()));
        }
        self.kept.extend(&new);
        self.snapshot = walk.position().clone();
        if step.is_last {
            // An item that was there when the poll began was seen, or has changed in the meantime.
            let now = podio.changes(self.field);
            let missed: Vec<_> = there.intersection(&now).filter(|change| !self.ever.contains(change)).collect();
            prop_assert!(missed.is_empty(), "not seen: {missed:?}");
        } else if !self.single_page || new.is_empty() {
            self.poll = Some((walk, there));
        }
        Ok((step.is_last, new.len()))
    }
}

fn check(
    events: Vec<Event>,
    field: PollField,
    page_size: usize,
    max_limit: usize,
    single_page: bool,
) -> Result<(), TestCaseError> {
    let mut podio = Podio::default();
    let mut trigger = Trigger {
        field,
        page_size,
        max_limit,
        single_page,
        snapshot: Position::at(at(0)),
        poll: None,
        ever: BTreeSet::new(),
        kept: BTreeSet::new(),
    };
    for event in events {
        let ids: Vec<u64> = podio.items.keys().copied().collect();
        match event {
            Event::Create(count) => {
                for _ in 0..count {
                    podio.last_id += 1;
                    let item = Item { revision: 0, created: podio.now, edited: podio.now };
                    podio.items.insert(podio.last_id, item);
                }
            }
            Event::Edit(index) if !ids.is_empty() => {
                let item = podio.items.get_mut(index.get(&ids)).expect("it is there");
                item.revision += 1;
                item.edited = podio.now;
            }
            Event::Delete(index) if !ids.is_empty() => drop(podio.items.remove(index.get(&ids))),
            Event::Edit(_) | Event::Delete(_) => {}
            Event::Pass(seconds) => podio.now += seconds,
            Event::Call => drop(trigger.call(&podio, false)?),
            Event::Crash => drop(trigger.call(&podio, true)?),
        }
    }
    // Nothing changes any more: the poll under way ends, and another one.
    for _ in 0..2 {
        let mut calls = 0;
        while !trigger.call(&podio, false)?.0 {
            calls += 1;
            prop_assert!(calls < MAX_CALLS, "the poll does not end");
        }
    }
    let missed: Vec<_> = podio.changes(field).difference(&trigger.ever).copied().collect();
    prop_assert!(missed.is_empty(), "not seen: {missed:?}");
    // A poll that finds nothing is one call, unless a second has more items than one returns.
    let is_one_call = trigger.snapshot.seen.len() < max_limit;
    let (is_last, new) = trigger.call(&podio, false)?;
    prop_assert_eq!(new, 0);
    prop_assert!(is_last || !is_one_call);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Pages of 1 to 500; calls that return a few items, so that seconds have more, or Podio's 500.
    #[test]
    fn every_change_is_seen_and_none_twice_without_a_crash(
        events in proptest::collection::vec(event(), 0..120),
        created in any::<bool>(),
        page_size in prop_oneof![1..10_usize, 1..=500_usize],
        max_limit in prop_oneof![2..8_usize, Just(500)],
        single_page in any::<bool>(),
    ) {
        let field = if created { PollField::Created } else { PollField::LastModified };
        check(events, field, page_size, max_limit, single_page)?;
    }
}

fn entry(id: u64, second: i64, revision: u64) -> Entry {
    Entry { id, time: at(second), revision: Some(revision) }
}

#[test]
fn the_limit_leaves_room_for_what_is_dropped() {
    let mut walk = Walk::new(Position::at(at(0)), 2, 500);
    assert_eq!(walk.query(), Query { from: at(0), limit: 2, offset: 0 });
    let step = walk.page(&[entry(1, 5, 0), entry(2, 5, 0)]).expect("few");
    assert_eq!(step, Step { new: vec![0, 1], is_last: false });
    assert_eq!(walk.query(), Query { from: at(5), limit: 4, offset: 0 });
    // Of the same second: a change of one that was seen, and a new one. Then more than a page has room for.
    let page = [entry(1, 5, 1), entry(2, 5, 0), entry(3, 5, 0), entry(4, 6, 0)];
    assert_eq!(walk.page(&page).expect("few"), Step { new: vec![0, 2], is_last: false });
    assert_eq!(walk.query(), Query { from: at(5), limit: 5, offset: 0 });
    assert_eq!(walk.page(&page).expect("few"), Step { new: vec![3], is_last: true });
    assert_eq!(walk.position().seen, BTreeMap::from([(4, Some(0))]));
}

#[test]
fn a_second_that_is_full_is_walked_through_by_offset_and_again_if_items_move() {
    let all: Vec<Entry> = (1..=5).map(|id| entry(id, 5, 0)).collect();
    let mut walk = Walk::new(Position::at(at(0)), 3, 3);
    let offsets = |walk: &mut Walk, pages: &[&[Entry]]| -> Vec<usize> {
        let step = |page: &&[Entry]| {
            let offset = walk.query().offset;
            walk.page(page).expect("few");
            offset
        };
        pages.iter().map(step).collect()
    };
    // The last page is asked for twice: what was new of it might have filled a page.
    assert_eq!(offsets(&mut walk, &[&all[..3], &all[..3], &all[2..]]), [0, 0, 2]);
    assert_eq!(walk.position().seen.len(), 5);
    assert_eq!(offsets(&mut walk, &[&all[2..], &all[4..]]), [2, 4]);
    // A later poll: the second item is gone when the next call is made.
    let mut walk = Walk::new(walk.position().clone(), 3, 3);
    assert_eq!(offsets(&mut walk, &[&all[..3], &all[3..], &all[..1]]), [0, 2, 0]);
}

#[test]
fn what_is_remembered_has_a_bound() {
    let count = u64::try_from(MAX_SEEN).expect("a small number");
    let mut walk = Walk::new(Position::at(at(0)), usize::MAX / 2, usize::MAX);
    let page: Vec<Entry> = (0..=count).map(|id| entry(id, 5, 0)).collect();
    let crowd = walk.page(&page).expect_err("too many");
    assert!(crowd.failure(7).message().contains("1970-01-12 13:46:45 UTC"), "{}", crowd.failure(7));
    assert!(Walk::new(Position::at(at(0)), usize::MAX / 2, usize::MAX).page(&page[1..]).is_ok());
}
