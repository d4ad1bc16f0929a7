//! The rules of the pace one by one, and simulations of workers whose calls are limited.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Takes all turns that there are.
fn take(pace: &mut Pace, now: Instant) -> Vec<u32> {
    std::iter::from_fn(|| match pace.admit(now) {
        Admission::Counted(round) => Some(round),
        _ => None,
    })
    .collect()
}

/// Lets `calls` calls be made and answered, as many at once as there may be.
fn pass(pace: &mut Pace, calls: u32, now: Instant) {
    let mut passed = 0;
    while passed < calls {
        let turns = take(pace, now);
        assert!(!turns.is_empty(), "no turn after {passed} calls");
        for round in turns {
            pace.end(round, passed < calls, now);
            passed += 1;
        }
    }
}

#[test]
fn every_second_call_that_is_let_through_makes_room_for_one_more_until_there_is_no_limit() {
    let (mut pace, now) = (Pace::default(), Instant::now());
    for want in [1, 1, 2, 3, 4, 6, 9, 14, 21, 31, 47, 70, 105] {
        let turns = take(&mut pace, now);
        assert_eq!(turns.len(), want);
        for round in turns {
            pace.end(round, true, now);
        }
    }
    assert_eq!(pace.admit(now), Admission::Uncounted);
}

#[test]
fn a_call_without_an_answer_holds_fewer_others_back_as_time_goes_by() {
    let (mut pace, begin) = (Pace::default(), Instant::now());
    let turns = [0, 99, 100, 200, 350, 700].map(|ms| take(&mut pace, begin + MS(ms)).len());
    assert_eq!(turns, [1, 0, 1, 2, 4, 120]);
    assert_eq!(pace.admit(begin + MS(720)), Admission::Full(MS(80)));
}

#[test]
fn time_without_a_call_makes_no_room() {
    let (mut pace, begin) = (Pace::default(), Instant::now());
    pass(&mut pace, 2, begin);
    assert_eq!(take(&mut pace, begin + MS(60_000)).len(), 2);
}

#[test]
fn a_pause_lets_nothing_through_and_one_call_follows_it() {
    let (mut pace, begin) = (Pace::default(), Instant::now());
    pass(&mut pace, 254, begin);
    assert_eq!(pace.admit(begin), Admission::Uncounted);
    pace.pause(MS(2000), begin);
    pace.pause(MS(1000), begin);
    assert_eq!(pace.admit(begin + MS(500)), Admission::Paused(MS(1500)));
    assert_eq!(take(&mut pace, begin + MS(2000)).len(), 1);
}

#[test]
fn the_end_of_a_share_is_reached_by_one_call_at_a_time() {
    let (mut pace, begin) = (Pace::default(), Instant::now());
    pass(&mut pace, 40, begin);
    pace.pause(MS(1000), begin);
    let now = begin + MS(1000);
    let most_after = |pace: &mut Pace, calls| {
        pass(pace, calls, now);
        let turns = take(pace, now);
        let count = turns.len();
        for round in turns {
            pace.end(round, false, now);
        }
        count
    };
    assert_eq!(most_after(&mut pace, 22), 8, "the rest of 30");
    assert_eq!(most_after(&mut pace, 8), 1);
    assert_eq!(most_after(&mut pace, 49), 1);
    assert_eq!(most_after(&mut pace, 1), 1, "the 80th call shows that the share is outdated");
    assert_eq!(most_after(&mut pace, 10), 6);
}

#[test]
fn an_answer_to_a_call_of_an_earlier_round_says_nothing() {
    let (mut pace, begin) = (Pace::default(), Instant::now());
    let old = take(&mut pace, begin);
    pace.pause(MS(1000), begin);
    let now = begin + MS(1000);
    assert_eq!(take(&mut pace, now).len(), 1);
    pace.end(old[0], true, now);
    assert!(take(&mut pace, now).is_empty());
}

/// Workers that share a limit of 50 calls in `WINDOW_MS`, a window that begins with its first call. Time goes by in steps
/// of a millisecond.
struct Simulation {
    workers: Vec<SimulatedWorker>,
    /// Milliseconds of a call.
    latency: u64,
    window_begin: Option<u64>,
    in_window: u32,
    refused: u32,
    done: u32,
}

#[derive(Default)]
struct SimulatedWorker {
    pace: Pace,
    waiting: u32,
    /// When the answer comes, the call's round, and whether it is let through.
    calls: VecDeque<(u64, Option<u32>, bool)>,
}

const WINDOW_MS: u64 = 2000;
const CALLS: u32 = 50;

impl Simulation {
    /// Runs until `messages` are done; returns how long that takes beside the ideal, and refusals per message.
    fn run(workers: u32, prefetch: u32, latency: u64, messages: u32) -> (f64, f64) {
        let worker = || SimulatedWorker { waiting: prefetch, ..SimulatedWorker::default() };
        let workers = (0..workers).map(|_| worker()).collect();
        let mut simulation = Self { workers, latency, window_begin: None, in_window: 0, refused: 0, done: 0 };
        let (begin, mut ms) = (Instant::now(), 0);
        while simulation.done < messages {
            for index in 0..simulation.workers.len() {
                simulation.step(index, ms, begin + MS(ms));
            }
            ms += 1;
        }
        let ideal = u64::from((messages - 1) / CALLS) * WINDOW_MS;
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let time = ms as f64 / ideal as f64;
        (time, f64::from(simulation.refused) / f64::from(messages))
    }

    fn step(&mut self, index: usize, ms: u64, now: Instant) {
        let worker = &mut self.workers[index];
        while worker.calls.front().is_some_and(|call| call.0 <= ms) {
            let (_, round, passed) = worker.calls.pop_front().expect("a call");
            if passed {
                self.done += 1;
            } else {
                let left = self.window_begin.map_or(0, |begin| (begin + WINDOW_MS).saturating_sub(ms));
                worker.pace.pause(MS(left.div_ceil(1000) * 1000), now);
            }
            if let Some(round) = round {
                worker.pace.end(round, passed, now);
            }
            // Another message follows the one that is done; one that is refused waits again.
            worker.waiting += 1;
        }
        while self.workers[index].waiting > 0 {
            let round = match self.workers[index].pace.admit(now) {
                Admission::Uncounted => None,
                Admission::Counted(round) => Some(round),
                Admission::Paused(_) | Admission::Full(_) => break,
            };
            let passed = self.call(ms);
            let worker = &mut self.workers[index];
            worker.waiting -= 1;
            worker.calls.push_back((ms + self.latency, round, passed));
        }
    }

    /// Whether a call at this time is let through.
    fn call(&mut self, ms: u64) -> bool {
        if self.window_begin.is_none_or(|begin| ms >= begin + WINDOW_MS) {
            (self.window_begin, self.in_window) = (Some(ms), 0);
        }
        self.in_window += 1;
        let passed = self.in_window <= CALLS;
        self.refused += u32::from(!passed);
        passed
    }
}

#[test]
fn limited_workers_use_up_the_limit_and_are_seldom_refused() {
    for (workers, prefetch) in [(1, 10), (1, 100), (4, 10), (4, 100)] {
        let (time, refused) = Simulation::run(workers, prefetch, 2, 2000);
        println!("{workers} × {prefetch}: {time:.3} {refused:.3}");
        assert!(time <= 1.05, "{workers} × {prefetch}: {time}");
        assert!(refused <= 0.1, "{workers} × {prefetch}: {refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn whoever_waits_gets_a_turn_within_a_second_or_two(
        events in proptest::collection::vec((0u64..300, 0u8..4), 1..200),
    ) {
        let (mut pace, mut now, mut turns) = (Pace::default(), Instant::now(), Vec::new());
        for (ms, event) in events {
            now += MS(ms);
            match event {
                0 => pace.pause(MS(ms), now),
                1 => turns.pop().into_iter().for_each(|round| pace.end(round, false, now)),
                2 => turns.pop().into_iter().for_each(|round| pace.end(round, true, now)),
                _ => turns.extend(take(&mut pace, now)),
            }
        }
        let end = now + pace.pause_left(now) + MS(1500);
        let turn = std::iter::from_fn(|| {
            now += match pace.admit(now) {
                Admission::Uncounted | Admission::Counted(_) => return None,
                Admission::Paused(wait) | Admission::Full(wait) => wait,
            };
            Some(now)
        });
        prop_assert!(turn.take(100).last().is_none_or(|last| last <= end));
    }
}
