//! The message that is being processed, as far as its emits need it.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::{
    amqp::Properties,
    platform::headers::{ERROR_RESPONSE, Incoming, Times, Value},
};

/// A message as it was received.
pub(super) struct Received<'a> {
    /// The headers that the protocol uses.
    pub(super) incoming: &'a Incoming,
    /// All headers, for a rebound.
    pub(super) headers: &'a [(String, Value)],
    /// The AMQP properties.
    pub(super) properties: &'a Properties,
    /// Its body, still encrypted.
    pub(super) body: &'a Bytes,
    /// When its processing began, in milliseconds since the epoch.
    pub(super) start: i64,
}

impl Received<'_> {
    /// Whether it is itself the copy of an error. A reply to it could go round for ever.
    pub(super) fn is_error_reply(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(ERROR_RESPONSE))
    }

    /// The times of something that is emitted now.
    pub(super) fn times(&self) -> Times {
        Times { start: self.start, end: now_ms() }
    }
}

/// Milliseconds since the epoch.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
