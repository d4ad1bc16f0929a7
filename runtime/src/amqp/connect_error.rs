//! Why the broker cannot be used: what happened, where, and which setting may be wrong.

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError},
};

use crate::tls::TRUST_ADVICE;

/// Why the broker cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// It cannot be reached, or the connection to it broke.
    #[error("RabbitMQ cannot be used: {0}. Check ELASTICIO_AMQP_URI, and that the broker runs and is reachable")]
    Broken(String),
    /// It answers, and refuses the user, the password or the vhost.
    #[error("RabbitMQ refuses the connection: {0}. Check the user, the password and the vhost in ELASTICIO_AMQP_URI")]
    Refused(String),
    /// Its certificate cannot be trusted.
    #[error("RabbitMQ's certificate is not accepted: {0}. Check the host in ELASTICIO_AMQP_URI; {TRUST_ADVICE}")]
    Certificate(String),
    /// The queue cannot be consumed.
    #[error(
        "RabbitMQ cannot be used: the queue \"{name}\" cannot be consumed: {reason}. Check ELASTICIO_LISTEN_MESSAGES_ON"
    )]
    Queue {
        /// Its name.
        name: String,
        /// The broker's answer.
        reason: String,
    },
    /// The exchange cannot be used.
    #[error(
        "RabbitMQ cannot be used: the exchange \"{name}\" cannot be used: {reason}. Check ELASTICIO_PUBLISH_MESSAGES_TO"
    )]
    Exchange {
        /// Its name.
        name: String,
        /// The broker's answer.
        reason: String,
    },
}

impl ConnectError {
    /// Whether a later attempt would fail too.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Self::Broken(_))
    }

    /// What became of opening a connection to `place`.
    pub(super) fn of_connection(place: &impl std::fmt::Display, error: &lapin::Error) -> Self {
        let reason = format!("{place}: {error}");
        if is_refusal(error) { Self::Refused(reason) } else { Self::Broken(reason) }
    }
}

impl From<lapin::Error> for ConnectError {
    fn from(error: lapin::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Whether the broker works and said no. Soft errors are 403 to 406, the hard ones here 402, 530 and 540. Other hard
/// errors, such as 320 when the broker shuts down, only end the connection.
pub(super) fn is_refusal(error: &lapin::Error) -> bool {
    use AMQPErrorKind::{Hard, Soft};
    match error.kind() {
        ErrorKind::ProtocolError(error) => matches!(
            error.kind(),
            Soft(_) | Hard(AMQPHardError::INVALIDPATH | AMQPHardError::NOTALLOWED | AMQPHardError::NOTIMPLEMENTED)
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::*;

    #[test]
    fn only_an_answer_of_a_working_broker_is_a_refusal() {
        let refused = |kind: AMQPErrorKind| {
            is_refusal(&lapin::Error::from(ErrorKind::ProtocolError(AMQPError::new(kind, "".into()))))
        };
        assert!(refused(AMQPSoftError::NOTFOUND.into()) && refused(AMQPSoftError::ACCESSREFUSED.into()));
        assert!(refused(AMQPHardError::NOTALLOWED.into()));
        assert!(!refused(AMQPHardError::CONNECTIONFORCED.into()) && !refused(AMQPHardError::INTERNALERROR.into()));
        assert!(!is_refusal(&lapin::Error::from(ErrorKind::MissingHeartbeatError)));
    }
}
