//! What goes wrong.

mod of_broker;
mod of_cell;

use std::time::Duration;

use podio_test_support::Environment;

use super::point::Point;
use super::scene::Peer;

/// How the messages' way is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Kill,
    Terminate,
    /// SIGTERM while nothing goes on, then SIGKILL once the messages' time to end is over.
    TerminateAndKill,
    ReadReset,
    WriteReset,
    HalfOpen,
    BlackHole,
    ChannelClosed,
    /// The queue's process ends, and the broker starts it again.
    QueueCrash,
    BrokerRestart,
    MemoryAlarm,
    DiskAlarm,
    QueueDeleted,
    ExchangeMissing,
    Unbound,
    QueueFull,
    /// One of two queues that take the result is full: the broker refuses what the other one has taken.
    OneQueueFull,
    AckTimeout,
    Down(Peer),
    Slow(Peer),
    Half(Peer),
}

impl Fault {
    pub(crate) const ALL: [Self; 30] = [
        Self::Kill,
        Self::Terminate,
        Self::TerminateAndKill,
        Self::ReadReset,
        Self::WriteReset,
        Self::HalfOpen,
        Self::BlackHole,
        Self::QueueDeleted,
        Self::ExchangeMissing,
        Self::Unbound,
        Self::QueueFull,
        Self::OneQueueFull,
        Self::Down(Peer::Podio),
        Self::Slow(Peer::Podio),
        Self::Half(Peer::Podio),
        Self::Down(Peer::Token),
        Self::Slow(Peer::Token),
        Self::Half(Peer::Token),
        Self::Down(Peer::Platform),
        Self::Slow(Peer::Platform),
        Self::Half(Peer::Platform),
        Self::Down(Peer::Storage),
        Self::Slow(Peer::Storage),
        Self::Half(Peer::Storage),
        Self::ChannelClosed,
        Self::QueueCrash,
        Self::MemoryAlarm,
        Self::DiskAlarm,
        Self::AckTimeout,
        Self::BrokerRestart,
    ];

    pub(crate) fn name(self) -> String {
        let name = match self {
            Self::Down(peer) => return format!("{} down", peer.name()),
            Self::Slow(peer) => return format!("{} slow", peer.name()),
            Self::Half(peer) => return format!("{} half-answering", peer.name()),
            Self::Kill => "kill -9",
            Self::Terminate => "SIGTERM",
            Self::TerminateAndKill => "SIGTERM, then kill -9",
            Self::ReadReset => "read connection dropped",
            Self::WriteReset => "write connection dropped",
            Self::HalfOpen => "broker half-open",
            Self::BlackHole => "broker black-holed",
            Self::ChannelClosed => "channels closed by the broker",
            Self::QueueCrash => "queue crashed",
            Self::BrokerRestart => "broker restarted",
            Self::MemoryAlarm => "memory alarm",
            Self::DiskAlarm => "disk alarm",
            Self::QueueDeleted => "queue deleted (basic.cancel)",
            Self::ExchangeMissing => "exchange missing",
            Self::Unbound => "no queue bound",
            Self::QueueFull => "queue full",
            Self::OneQueueFull => "one of two queues full",
            Self::AckTimeout => "acknowledgement time-out",
        };
        name.to_owned()
    }

    /// Whether it is the whole broker's, so that it needs one of its own.
    pub(crate) fn needs_private_broker(self) -> bool {
        matches!(
            self,
            Self::ChannelClosed
                | Self::QueueCrash
                | Self::BrokerRestart
                | Self::MemoryAlarm
                | Self::DiskAlarm
                | Self::AckTimeout
        )
    }

    /// How long it lasts where no line of the log tells of it; `None` if it is over at once.
    pub(crate) fn unseen(self) -> Option<Duration> {
        match self {
            Self::Kill
            | Self::Terminate
            | Self::TerminateAndKill
            | Self::ReadReset
            | Self::WriteReset
            | Self::HalfOpen
            | Self::ChannelClosed
            | Self::QueueCrash
            | Self::BrokerRestart
            | Self::AckTimeout => None,
            // More than the latency.
            Self::Slow(_) => Some(Duration::from_millis(400)),
            // Less than the wait before the second attempt for a token, of which there are only three.
            _ => Some(Duration::from_millis(60)),
        }
    }

    /// Milliseconds between two attempts of a call. A message that waits for a retry must wait until the fault is there.
    pub(crate) fn retries_delay(self, point: Point) -> &'static str {
        match point {
            // What a broker is told takes seconds on a busy machine, and a missing heartbeat shows after four.
            Point::RetryWait if self.needs_private_broker() || self == Self::HalfOpen => "15000",
            Point::RetryWait => "4000",
            _ => "200",
        }
    }

    pub(crate) fn environment(self, environment: Environment) -> Environment {
        match self {
            Self::TerminateAndKill => environment.with("API_REQUEST_TIMEOUT", "3000"),
            // What is done to a broker may take longer than a call.
            _ if self.needs_private_broker() => environment.with("API_REQUEST_TIMEOUT", "60000"),
            Self::HalfOpen | Self::BlackHole => {
                let uri = environment.variables().find(|(name, _)| *name == "ELASTICIO_AMQP_URI").map(|(_, uri)| uri);
                let uri = format!("{}?heartbeat=2", uri.cloned().unwrap_or_default());
                environment.with("ELASTICIO_AMQP_URI", &uri)
            }
            _ => environment,
        }
    }
}
