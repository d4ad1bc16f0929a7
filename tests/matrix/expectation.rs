//! What the guarantee says of a fault at a point: how many outcomes and calls there are, and what the log says.

use super::fault::Fault;
use super::point::Point;
use super::scene::Peer;

/// What must be seen of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The fewest and the most outcomes that are published.
    pub(crate) outcomes: (usize, usize),
    /// Why there may be more than one.
    pub(crate) reason: Option<&'static str>,
    /// Whether they all have one id.
    pub(crate) same_id: bool,
    /// The fewest and the most calls to Podio, without those of the token endpoint.
    pub(crate) calls: (usize, usize),
    /// The fewest and the most refreshes at the token endpoint, by all messages.
    pub(crate) refreshes: (usize, usize),
    /// The fewest and the most attempts to store the result's body, by all messages.
    pub(crate) stores: (usize, usize),
    /// A line of the log before the message may go on.
    pub(crate) before: Option<&'static str>,
    /// A line of the log once it goes on, before the fault ends.
    pub(crate) after: Option<&'static str>,
}

const JOINED: &str = "delivered again while in work: joined";
const SETTLED: &str = "delivered again after it was done: settled";
const READ_BROKE: &str = "the connection to consume broke";
const WRITE_BROKE: &str = "the connection to publish broke";
const CONSUMER_ENDED: &str = "the broker ended the consumer";
/// The broker's reason, whatever ends for it.
const ACK_TIMED_OUT: &str = "delivery acknowledgement on channel";

/// As many as the fault lasts for.
pub(crate) const MANY: usize = usize::MAX;

const ONE_OF_TWO: &str = "another queue took what the full one refused, and it was published again";

/// What must be seen when `fault` happens while a message is at `point`.
pub(crate) fn expected(fault: Fault, point: Point) -> Expected {
    let (outcomes, reason) = match repeated(fault, point) {
        Some((fewest, most, reason)) => ((fewest, most), Some(reason)),
        None => ((1, 1), None),
    };
    let calls = calls(fault, point);
    let (before, after) = lines(fault, point);
    // A result that is published again keeps its id; work that is done again gives another.
    let same_id = calls.1 == calls_without_fault(point) || outcomes.1 == 1;
    Expected {
        outcomes,
        reason,
        same_id,
        calls,
        refreshes: refreshes(fault, point),
        stores: stores(fault, point),
        before,
        after,
    }
}

/// Where a message may have more than one outcome: the fewest, the most, and why. Everywhere else it has exactly one.
fn repeated(fault: Fault, point: Point) -> Option<(usize, usize, &'static str)> {
    match (fault, point) {
        (Fault::Kill | Fault::TerminateAndKill, Point::BeforeConfirm | Point::BeforeAck) => {
            Some((2, 2, "the worker was gone before the broker had read its acknowledgement"))
        }
        (Fault::WriteReset | Fault::HalfOpen | Fault::BlackHole, Point::BeforeConfirm) => {
            Some((2, 2, "the confirm was lost with its connection, so the result was published again"))
        }
        // One of the three messages that are there meets the full queue, or more of them.
        (Fault::OneQueueFull, Point::MemoryWait) => Some((1, MANY, ONE_OF_TWO)),
        (Fault::OneQueueFull, point) if is_unpublished(point) => Some((2, MANY, ONE_OF_TWO)),
        _ => None,
    }
}

/// Whether the result of a message at this point is still to be published.
fn is_unpublished(point: Point) -> bool {
    !matches!(point, Point::Idle | Point::BeforeConfirm | Point::BeforeAck)
}

/// The calls for one message that no fault disturbs.
fn calls_without_fault(point: Point) -> usize {
    match point {
        // The first is answered with 401.
        Point::TokenCall => 2,
        // The first two are answered with 503.
        Point::RetryWait => 3,
        _ => 1,
    }
}

fn calls(fault: Fault, point: Point) -> (usize, usize) {
    let usual = calls_without_fault(point);
    let more = match (fault, point) {
        // The work begins anew: a call that was answered is repeated.
        (
            Fault::Kill | Fault::TerminateAndKill,
            Point::AnswerBody | Point::BeforePublish | Point::BeforeConfirm | Point::BeforeAck,
        )
        // The answer is lost.
        | (Fault::Down(Peer::Podio), Point::AnswerBody)
        | (Fault::Kill, Point::MemoryWait) => (1, 1),
        // The last of three messages may get the memory of those that are given up.
        (Fault::TerminateAndKill | Fault::Down(Peer::Podio), Point::MemoryWait) => (0, 1),
        (
            Fault::Half(Peer::Podio),
            Point::BeforeDecode | Point::TokenCall | Point::Request | Point::AnswerBody | Point::RetryWait,
        ) => (1, 9),
        (Fault::Half(Peer::Podio), Point::MemoryWait) => (0, 9),
        _ => (0, 0),
    };
    (usual + more.0, usual + more.1)
}

fn refreshes(fault: Fault, point: Point) -> (usize, usize) {
    match (fault, point) {
        // The answer is lost.
        (Fault::Down(Peer::Token) | Fault::Half(Peer::Token), Point::TokenCall) => (2, 3),
        // The next worker's call is not answered with 401.
        (_, Point::TokenCall) => (1, 1),
        _ => (0, 0),
    }
}

fn stores(fault: Fault, point: Point) -> (usize, usize) {
    match (fault, point) {
        // The work begins anew.
        (Fault::Kill | Fault::TerminateAndKill, Point::BeforePublish) => (3, 3),
        // The answer is lost.
        (Fault::Down(Peer::Storage) | Fault::Half(Peer::Storage), Point::BeforePublish) => (3, 6),
        // It may take longer than an attempt.
        (Fault::BrokerRestart, Point::BeforePublish) => (2, 4),
        // The result's body and that of a later one.
        (_, Point::BeforePublish) => (2, 2),
        _ => (0, 0),
    }
}

/// The lines before the message goes on, and after it.
fn lines(fault: Fault, point: Point) -> (Option<&'static str>, Option<&'static str>) {
    let in_work = !matches!(point, Point::Idle | Point::BeforeDecode | Point::BeforeAck);
    let unpublished = is_unpublished(point);
    let calls_podio = unpublished && point != Point::BeforePublish;
    let settled = (point == Point::BeforeAck).then_some(SETTLED);
    let joined_or = |line| Some(if in_work { JOINED } else { line });
    match fault {
        // The wait may be over before the broker is back.
        Fault::BrokerRestart if point == Point::RetryWait => (Some(READ_BROKE), None),
        Fault::ReadReset | Fault::HalfOpen | Fault::BrokerRestart => (joined_or(READ_BROKE), settled),
        Fault::WriteReset => (Some(WRITE_BROKE), None),
        Fault::BlackHole => (None, Some(READ_BROKE)),
        // It comes behind the delivery.
        Fault::ChannelClosed if point == Point::BeforeDecode => (None, Some(CONSUMER_ENDED)),
        // The same. lapin (4.12) forgets a closed channel with what it has not written for it; if the answer to the close
        // is among that, it takes this for the end of the connection.
        Fault::AckTimeout if point == Point::BeforeDecode => (None, Some(ACK_TIMED_OUT)),
        Fault::AckTimeout if point == Point::Idle => (None, None),
        Fault::ChannelClosed | Fault::AckTimeout => (joined_or(CONSUMER_ENDED), settled),
        Fault::QueueCrash => (in_work.then_some(JOINED), settled),
        Fault::MemoryAlarm | Fault::DiskAlarm => {
            (None, unpublished.then_some("the broker takes no messages for now (an alarm)"))
        }
        Fault::QueueDeleted => (None, Some(CONSUMER_ENDED)),
        Fault::ExchangeMissing => (None, unpublished.then_some("nothing can be published")),
        Fault::Unbound | Fault::QueueFull | Fault::OneQueueFull => {
            (None, unpublished.then_some("not published; trying again"))
        }
        Fault::Down(Peer::Podio) => (None, calls_podio.then_some("no connection to Podio")),
        Fault::Half(Peer::Podio) => (None, calls_podio.then_some("no answer from Podio")),
        Fault::Down(Peer::Platform) | Fault::Half(Peer::Platform) => {
            (None, (point == Point::TokenCall).then_some("trying the platform's API again"))
        }
        _ => (None, None),
    }
}
