//! Message properties: those of an emit (protocol, section 4.13), or those of the delivery for a rebound (protocol,
//! section 6.6).

use std::time::Duration;

use lapin::BasicProperties;

use super::{
    PublishError,
    values::{table_size, write_table},
};
use crate::platform::headers::{RETRY, Table};

/// The properties of a message to publish or of one that was delivered.
#[derive(Clone, Debug)]
pub(crate) struct Properties {
    pub(super) amqp: BasicProperties,
    /// Their size on the wire is at most this, if it is known: every emit is looked at, and few are large.
    at_most: Option<usize>,
}

impl Properties {
    /// What every emit carries: JSON, UTF-8, delivery mode 2 when `persistent`, else 1.
    #[must_use]
    pub(crate) fn json(headers: Table, persistent: bool) -> Self {
        let headers_at_most: usize = headers.iter().map(|(name, value)| 1 + name.len() + value.size()).sum();
        Self {
            amqp: BasicProperties::default()
                .with_content_type(JSON.into())
                .with_content_encoding(UTF_8.into())
                .with_delivery_mode(if persistent { 2 } else { 1 })
                .with_headers(write_table(headers)),
            at_most: Some(headers_at_most + JSON.len() + UTF_8.len() + FIXED),
        }
    }

    /// The properties of a delivery.
    pub(super) fn delivered(amqp: BasicProperties) -> Self {
        Self { amqp, at_most: None }
    }

    /// The same properties with other headers and an expiration, in whole milliseconds.
    #[must_use]
    pub(crate) fn expiring(self, headers: Table, expiration: Duration) -> Self {
        let expiration = expiration.as_millis().to_string();
        Self::delivered(self.amqp.with_headers(write_table(headers)).with_expiration(expiration.into()))
    }

    /// The same properties for another attempt to publish: the header `retry` is `count`, the number of failed
    /// attempts.
    #[must_use]
    pub(crate) fn retried(self, count: u32) -> Self {
        let mut headers = self.amqp.headers().clone().unwrap_or_default();
        headers.insert(RETRY.into(), lapin::types::AMQPValue::LongInt(count.try_into().unwrap_or(i32::MAX)));
        Self::delivered(self.amqp.with_headers(headers))
    }

    /// The same properties with headers that carry a trace on.
    #[must_use]
    pub(crate) fn traced(self, trace: impl Iterator<Item = (String, String)>) -> Self {
        let mut trace = trace.peekable();
        if trace.peek().is_none() {
            return self;
        }
        let mut headers = self.amqp.headers().clone().unwrap_or_default();
        for (name, value) in trace {
            headers.insert(name.into(), lapin::types::AMQPValue::LongString(value.into()));
        }
        Self::delivered(self.amqp.with_headers(headers))
    }

    /// Refuses properties that are larger than a frame: a content header is never split.
    ///
    /// # Errors
    /// [`PublishError::HeadersTooLarge`].
    pub(super) fn fit(&self, frame_max: u32) -> Result<(), PublishError> {
        let limit = usize::try_from(frame_max).unwrap_or(usize::MAX) - FRAME_AND_FIXED;
        if self.at_most.is_some_and(|size| size <= limit) {
            return Ok(());
        }
        let size = self.size();
        if size > limit { Err(PublishError::HeadersTooLarge { size, limit }) } else { Ok(()) }
    }

    /// Whether neither of the two ways to know the size is less than that of headers of `bytes`.
    #[cfg(any(test, fuzzing))]
    pub(super) fn size_is_at_least(&self, bytes: usize) -> bool {
        self.size() > bytes && self.at_most.is_none_or(|at_most| at_most >= self.size())
    }

    /// Bytes of the properties on the wire.
    fn size(&self) -> usize {
        let properties = &self.amqp;
        let texts = [
            properties.content_type(),
            properties.content_encoding(),
            properties.correlation_id(),
            properties.reply_to(),
            properties.expiration(),
            properties.message_id(),
            properties.kind(),
            properties.user_id(),
            properties.app_id(),
            properties.cluster_id(),
        ];
        let texts: usize = texts.into_iter().flatten().map(|text| text.as_str().len() + 1).sum();
        let headers = properties.headers().as_ref().map_or(0, table_size);
        texts + headers + DELIVERY_PRIORITY_TIME
    }
}

const JSON: &str = "application/json";
const UTF_8: &str = "utf8";
/// Bytes of delivery mode, priority and time stamp.
const DELIVERY_PRIORITY_TIME: usize = 10;
/// The same, with the lengths of two texts and of the headers.
const FIXED: usize = DELIVERY_PRIORITY_TIME + 2 + 4;
/// Bytes of a frame beside its payload, and of a content header in front of its properties.
const FRAME_AND_FIXED: usize = 8 + 14;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::headers::Value;

    #[test]
    fn what_is_known_of_the_size_is_never_too_small() {
        let values = [
            Value::text("text"),
            Value::I32(7),
            Value::I64(-7),
            Value::Bool(true),
            Value::Short("short".to_owned()),
            Value::Array(vec![Value::Void, Value::F64(0.5)]),
            Value::Table(vec![("name".to_owned(), Value::Decimal(2, 150))]),
        ];
        for count in 0..=values.len() {
            let headers = values[..count].iter().enumerate();
            let properties =
                Properties::json(headers.map(|(at, value)| (format!("h{at}").into(), value.clone())).collect(), true);
            assert!(properties.at_most.expect("known") >= properties.size(), "{properties:?}");
        }
    }

    #[test]
    fn properties_that_are_larger_than_a_frame_are_refused() {
        let properties = |length| Properties::json(vec![("h".into(), Value::Text(vec![b'x'; length]))], false);
        assert_eq!(properties(4000).fit(4096), Ok(()));
        assert!(matches!(properties(4100).fit(4096), Err(PublishError::HeadersTooLarge { .. })));
    }
}
