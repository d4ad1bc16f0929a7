//! The error of a publish.

/// Why a publish did not reach a queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PublishError {
    /// No queue is bound for the routing key.
    #[error("no queue takes routing key \"{0}\" (basic.return); bind one to the exchange")]
    Returned(String),
    /// The broker refused it.
    #[error("the broker refused the message (basic.nack)")]
    Nacked,
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

impl From<lapin::Error> for PublishError {
    fn from(error: lapin::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
