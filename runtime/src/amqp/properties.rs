//! Message properties: those of an emit (protocol, section 4.13), or those of the delivery for a rebound (protocol,
//! section 6.6).

use std::time::Duration;

use lapin::BasicProperties;

use super::values::write_table;
use crate::platform::headers::{RETRY, Table};

/// The properties of a message to publish or of one that was delivered.
#[derive(Clone, Debug)]
pub(crate) struct Properties(pub(super) BasicProperties);

impl Properties {
    /// What every emit carries: JSON, UTF-8, delivery mode 2 when `persistent`, else 1.
    #[must_use]
    pub(crate) fn json(headers: Table, persistent: bool) -> Self {
        Self(
            BasicProperties::default()
                .with_content_type("application/json".into())
                .with_content_encoding("utf8".into())
                .with_delivery_mode(if persistent { 2 } else { 1 })
                .with_headers(write_table(headers)),
        )
    }

    /// The same properties with other headers and an expiration, in whole milliseconds.
    #[must_use]
    pub(crate) fn expiring(self, headers: Table, expiration: Duration) -> Self {
        Self(self.0.with_headers(write_table(headers)).with_expiration(expiration.as_millis().to_string().into()))
    }

    /// The same properties for another attempt to publish: the header `retry` is `count`, the number of failed
    /// attempts.
    #[must_use]
    pub(crate) fn retried(self, count: u32) -> Self {
        let mut headers = self.0.headers().clone().unwrap_or_default();
        headers.insert(RETRY.into(), lapin::types::AMQPValue::LongInt(count.try_into().unwrap_or(i32::MAX)));
        Self(self.0.with_headers(headers))
    }
}
