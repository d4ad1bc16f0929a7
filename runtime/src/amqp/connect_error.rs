//! Why the broker cannot be used: what happened, where, and which setting may be wrong.

use std::{fmt::Display, io};

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError},
};
use rustls::AlertDescription;

use crate::tls::{TRUST_ADVICE, certificate_problem};

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
    #[error(
        "RabbitMQ's certificate is not accepted: {0}. Check the host in ELASTICIO_AMQP_URI; {TRUST_ADVICE}, or cacertfile in \
         the address"
    )]
    Certificate(String),
    /// It does not accept this process's certificate, or wants one.
    #[error(
        "RabbitMQ does not accept this process's certificate: {0}. Check certfile and keyfile in ELASTICIO_AMQP_URI"
    )]
    OwnCertificate(String),
    /// The TLS options of its address cannot be used.
    #[error("RabbitMQ cannot be used: {0}. Check the TLS options in ELASTICIO_AMQP_URI")]
    Options(String),
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
    pub(super) fn of_connection(place: &impl Display, error: &lapin::Error) -> Self {
        let reason = format!("{place}: {error}");
        match error.kind() {
            // In TLS 1.3, a client learns only after the handshake what became of its certificate.
            ErrorKind::IOError(error) => Self::of_handshake(place, error),
            _ if is_refusal(error) => Self::Refused(reason),
            _ => Self::Broken(reason),
        }
    }

    /// What became of a TLS handshake with `place`.
    pub(super) fn of_handshake(place: &impl Display, error: &io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(problem) = tls.and_then(certificate_problem) {
            return Self::Certificate(format!("{place}: {problem}"));
        }
        match tls {
            Some(rustls::Error::AlertReceived(alert)) if is_about_own_certificate(*alert) => {
                Self::OwnCertificate(format!("{place}: it answered with the TLS alert {alert:?}"))
            }
            _ => Self::Broken(format!("{place}: {error}")),
        }
    }
}

impl From<lapin::Error> for ConnectError {
    fn from(error: lapin::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Whether a server sends this alert because of its client's certificate.
fn is_about_own_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
    )
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
