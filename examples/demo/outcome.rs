//! What became of one message.

use std::time::Duration;

/// What the worker did with one message.
pub(crate) struct Outcome {
    pub(crate) emitted: Emitted,
    pub(crate) settlement: Settlement,
    /// The time from the message's publish to its result.
    pub(crate) took: Duration,
}

/// What the worker published for a message, decrypted.
pub(crate) enum Emitted {
    /// A result: the `body` of its payload, as JSON text.
    Data(String),
    /// An error: its message.
    Error(String),
    /// A rebound: the broker delivers the message again later.
    Rebound {
        /// After so many milliseconds.
        after_ms: String,
    },
    /// Nothing: the message could not be answered.
    Nothing,
}

/// How the worker settled a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    Acknowledged,
    /// The broker moved it to the dead letters.
    Rejected,
}
