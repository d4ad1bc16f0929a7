//! The error of a publish.

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPSoftError},
};

use super::connect_error::is_refusal;

/// Why a publish did not reach a queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PublishError {
    /// No queue is bound for the routing key.
    #[error("no queue takes routing key \"{0}\" (basic.return); bind one to the exchange")]
    Returned(String),
    /// The broker refused it.
    #[error("the broker refused the message (basic.nack)")]
    Nacked,
    /// It has more bytes than the broker takes (`max_message_size`): final.
    #[error("the message has {size} bytes, and the broker takes at most {limit} (max_message_size)")]
    TooLarge {
        /// Bytes of its body.
        size: usize,
        /// The broker's limit.
        limit: usize,
    },
    /// Its headers have more bytes than a frame: final.
    #[error("the message's headers have {size} bytes, and the broker takes at most {limit} (frame_max)")]
    HeadersTooLarge {
        /// Bytes of the properties, headers included.
        size: usize,
        /// The largest that a frame holds.
        limit: usize,
    },
    /// The broker refuses every message: the exchange is not there, or may not be published to.
    #[error("the broker refuses to publish: {0}")]
    Refused(String),
    /// The connection or channel broke; whether the message arrived is unknown.
    #[error("the connection to the broker broke: {0}")]
    Broken(String),
    /// The routing key is longer than AMQP's 255 bytes.
    #[error("the routing key is longer than 255 bytes")]
    KeyTooLong,
    /// The worker has closed its connections.
    #[error("the connection to the broker is closed")]
    Closed,
}

impl PublishError {
    /// Whether the same message would fail again, whatever happens meanwhile.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::HeadersTooLarge { .. } | Self::KeyTooLong)
    }

    /// What lapin's error means for a message with a body of `size` bytes. A channel's end is the end of every publish on
    /// it, also of those that had no part in it.
    pub(super) fn of_publish(error: &lapin::Error, size: usize) -> Self {
        match size_limit(error) {
            Some(limit) if size > limit => Self::TooLarge { size, limit },
            Some(_) => Self::Broken("another message on the channel was too large".to_owned()),
            None if is_refusal(error) => Self::Refused(error.to_string()),
            None => Self::Broken(error.to_string()),
        }
    }
}

/// The largest message that the broker takes, where that is what it says ("… larger than configured max size 1048576").
pub(super) fn size_limit(error: &lapin::Error) -> Option<usize> {
    let ErrorKind::ProtocolError(error) = error.kind() else { return None };
    if !matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED)) {
        return None;
    }
    let text = error.get_message().as_str();
    let (_, after) = text.split_once("message size")?.1.split_once("max size")?;
    let digits: String = after.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPHardError};

    use super::*;

    fn error(kind: AMQPErrorKind, text: &str) -> lapin::Error {
        ErrorKind::ProtocolError(AMQPError::new(kind, text.into())).into()
    }

    #[test]
    fn the_size_limit_is_read() {
        let failed = AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED);
        for text in [
            "PRECONDITION_FAILED - message size 1500000 is larger than configured max size 1048576",
            "PRECONDITION_FAILED - message size 1500000 larger than max size 1048576",
        ] {
            let error = error(failed.clone(), text);
            assert_eq!(size_limit(&error), Some(1_048_576), "{text}");
            let too_large = PublishError::TooLarge { size: 1_500_000, limit: 1_048_576 };
            assert_eq!(PublishError::of_publish(&error, 1_500_000), too_large);
            assert!(matches!(PublishError::of_publish(&error, 10), PublishError::Broken(_)));
        }
        let other = error(failed, "PRECONDITION_FAILED - unknown delivery tag 7");
        assert!(matches!(PublishError::of_publish(&other, 10), PublishError::Refused(_)));
        let gone = error(AMQPSoftError::NOTFOUND.into(), "NOT_FOUND - no exchange 'x' in vhost '/'");
        assert!(matches!(PublishError::of_publish(&gone, 10), PublishError::Refused(_)));
        let stopped = error(AMQPHardError::CONNECTIONFORCED.into(), "CONNECTION_FORCED");
        assert!(matches!(PublishError::of_publish(&stopped, 10), PublishError::Broken(_)));
    }
}
