use super::*;
use crate::platform::headers::Value;

/// A receipt from the connection with this number.
#[derive(Debug, PartialEq)]
struct Over(u64);

impl HasGeneration for Over {
    fn generation(&self) -> u64 {
        self.0
    }
}

/// A message as it is delivered.
#[derive(Clone, Copy)]
struct Message {
    id: Option<&'static str>,
    iteration: u64,
    body: &'static str,
}

const NAMED: Message = Message { id: Some("a"), iteration: 0, body: "body" };
const NAMELESS: Message = Message { id: None, ..NAMED };

/// Delivers a message over the connection `over`.
fn arrive(in_flight: &InFlight<Over>, message: Message, over: u64, redelivered: bool, now: Instant) -> Arrival<Over> {
    let incoming = Incoming {
        message_id: message.id.map(Value::text),
        rebound_iteration: message.iteration,
        ..Incoming::default()
    };
    let identity = in_flight.identify(&incoming, message.body.as_bytes());
    in_flight.arrive(identity, Over(over), redelivered, now)
}

/// The key of a message that is new.
fn new(arrival: Arrival<Over>) -> Key {
    match arrival {
        Arrival::New(key) => key,
        other => panic!("not new: {other:?}"),
    }
}

/// For a worker with a prefetch of 1, and for one with a larger prefetch.
fn trackers() -> [InFlight<Over>; 2] {
    [InFlight::new(1), InFlight::new(10)]
}

#[test]
fn a_second_delivery_joins_the_first() {
    for in_flight in trackers() {
        let now = Instant::now();
        let key = new(arrive(&in_flight, NAMED, 0, false, now));
        assert!(matches!(arrive(&in_flight, NAMED, 0, false, now), Arrival::Joined));
        assert!(matches!(arrive(&in_flight, NAMED, 1, true, now), Arrival::Joined));
        assert_eq!(in_flight.finish(key, Verdict::Acknowledge, now), [Over(0), Over(0), Over(1)]);
    }
}

#[test]
fn a_redelivery_over_a_later_connection_is_the_settled_message() {
    for message in [NAMED, NAMELESS] {
        for in_flight in trackers() {
            let now = Instant::now();
            let arrive = |over, redelivered| arrive(&in_flight, message, over, redelivered, now);
            in_flight.finish(new(arrive(0, false)), Verdict::Reject, now);
            assert!(matches!(arrive(1, true), Arrival::Settled(Verdict::Reject, Over(1))));
            in_flight.finish(new(arrive(1, true)), Verdict::Reject, now);
            new(arrive(2, false));
        }
    }
}

#[test]
fn a_redelivery_over_the_same_connection_is_the_settled_message_if_that_succeeded() {
    for in_flight in trackers() {
        let now = Instant::now();
        let later = now + COPY_WINDOW;
        in_flight.finish(new(arrive(&in_flight, NAMED, 0, false, now)), Verdict::Acknowledge, now);
        assert!(matches!(arrive(&in_flight, NAMED, 0, true, later), Arrival::Settled(Verdict::Acknowledge, Over(0))));
        let other = Message { body: "another", ..NAMED };
        in_flight.finish(new(arrive(&in_flight, other, 0, false, now)), Verdict::Reject, now);
        new(arrive(&in_flight, other, 0, true, later));
    }
}

#[test]
fn different_messages_with_one_id_are_both_processed() {
    for in_flight in trackers() {
        let now = Instant::now();
        let first = new(arrive(&in_flight, NAMED, 0, false, now));
        let other = Message { body: "another", ..NAMED };
        let second = new(arrive(&in_flight, other, 0, false, now));
        assert_eq!(in_flight.finish(first, Verdict::Acknowledge, now), [Over(0)]);
        assert!(matches!(arrive(&in_flight, other, 1, true, now), Arrival::Joined));
        assert_eq!(in_flight.finish(second, Verdict::Acknowledge, now), [Over(0), Over(1)]);
    }
}

#[test]
fn equal_messages_without_an_id_are_each_processed_once() {
    for in_flight in trackers() {
        let now = Instant::now();
        let arrive = |over, redelivered| arrive(&in_flight, NAMELESS, over, redelivered, now);
        let (first, second) = (new(arrive(0, false)), new(arrive(0, false)));
        new(arrive(0, true));
        in_flight.finish(first, Verdict::Acknowledge, now);
        let third = new(arrive(0, false));
        // All come back over a new connection: those in flight, and the one whose settlement was lost.
        let mut again: Vec<Arrival<Over>> = (0..4).map(|_| arrive(1, true)).collect();
        assert!(matches!(again.pop(), Some(Arrival::Settled(Verdict::Acknowledge, Over(1)))));
        assert!(again.iter().all(|arrival| matches!(arrival, Arrival::Joined)));
        for key in [second, third] {
            assert_eq!(in_flight.finish(key, Verdict::Acknowledge, now), [Over(0), Over(1)]);
        }
        new(arrive(1, true));
    }
}

#[test]
fn a_copy_just_after_a_success_is_a_second_delivery_at_a_prefetch_above_1() {
    let now = Instant::now();
    let later = now + COPY_WINDOW;
    let [one, many] = trackers();
    for in_flight in [&one, &many] {
        in_flight.finish(new(arrive(in_flight, NAMED, 0, false, now)), Verdict::Acknowledge, now);
    }
    new(arrive(&one, NAMED, 0, false, now));
    assert!(matches!(arrive(&many, NAMED, 0, false, now), Arrival::Settled(Verdict::Acknowledge, _)));
    new(arrive(&many, Message { body: "another", ..NAMED }, 0, false, now));
    new(arrive(&many, NAMED, 0, false, later));
}

#[test]
fn a_rebound_is_another_message_and_an_unsettled_one_is_not_remembered() {
    for message in [NAMED, NAMELESS] {
        let in_flight = InFlight::new(10);
        let now = Instant::now();
        in_flight.finish(new(arrive(&in_flight, message, 0, false, now)), Verdict::Acknowledge, now);
        let rebound = Message { iteration: 1, ..message };
        let key = new(arrive(&in_flight, rebound, 1, true, now));
        in_flight.finish(key, Verdict::Leave, now);
        new(arrive(&in_flight, rebound, 2, true, now));
    }
}

#[test]
fn memory_is_bounded() {
    for message in [NAMED, NAMELESS] {
        let in_flight = InFlight::new(1);
        let now = Instant::now();
        for iteration in 0..5000 {
            let key = new(arrive(&in_flight, Message { iteration, ..message }, 0, false, now));
            in_flight.finish(key, Verdict::Acknowledge, now);
        }
        assert!(in_flight.lock().settled.len() <= MIN_REMEMBERED);
        assert!(in_flight.lock().working.is_empty());
    }
}
