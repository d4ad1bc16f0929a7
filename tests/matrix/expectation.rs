//! What the guarantee says of a fault at a point: how many outcomes and calls, and what the log says.

use super::fault::Fault;
use super::point::Point;
use super::scene::Peer;

/// What must be seen of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// How many outcomes are published.
    pub(crate) outcomes: usize,
    /// Why there is more than one.
    pub(crate) reason: &'static str,
    /// The fewest and the most calls to Podio, without those of the token endpoint.
    pub(crate) calls: (usize, usize),
    /// A line of the log before the message may go on.
    pub(crate) before: Option<&'static str>,
    /// A line of the log once it goes on, before the fault ends.
    pub(crate) after: Option<&'static str>,
}

/// What must be seen when `fault` happens while a message is at `point`.
pub(crate) fn expected(fault: Fault, point: Point) -> Expected {
    Expected { outcomes: 1, reason: "", calls: (1, 1), before: None, after: None }
}
