//! Opens connections: the address in the platform's form, names that an operator finds at the broker.

use std::time::Duration;

use lapin::{
    Connection, ConnectionProperties, ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError},
    uri::AMQPUri,
};
use secrecy::ExposeSecret;

use super::BrokerSettings;

/// Bytes of the largest AMQP frame, unless the address names another number (`?frame_max=`). The client library
/// holds 32 frames in each direction of each connection: the broker's default of 128 KiB would cost 16 MiB, this
/// costs 2 MiB, and larger messages only come in more frames.
const FRAME_MAX: u32 = 16 * 1024;

/// Longest wait until both connections and what is needed on them are open, and until the queue is consumed.
pub(super) const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// RabbitMQ could not be reached, or refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("RabbitMQ cannot be used: {reason}. Check ELASTICIO_AMQP_URI, and that the broker runs and is reachable")]
pub(crate) struct ConnectError {
    reason: String,
    refusal: bool,
}

impl ConnectError {
    /// The broker, or the way to it, broke: it may work later.
    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), refusal: false }
    }

    /// What was asked for cannot be had.
    pub(super) fn refusal(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), refusal: true }
    }

    /// Whether the broker works and said no.
    pub(super) fn is_refusal(&self) -> bool {
        self.refusal
    }
}

impl From<lapin::Error> for ConnectError {
    fn from(error: lapin::Error) -> Self {
        use AMQPErrorKind::{Hard, Soft};
        let refusal = match error.kind() {
            // 403, 404, 405, 406; 402, 530, 540. Other errors of a connection, as 320 when the broker stops, are its end.
            ErrorKind::ProtocolError(error) => matches!(
                error.kind(),
                Soft(_) | Hard(AMQPHardError::INVALIDPATH | AMQPHardError::NOTALLOWED | AMQPHardError::NOTIMPLEMENTED)
            ),
            _ => false,
        };
        Self { reason: error.to_string(), refusal }
    }
}

/// Opens one connection, called `HOSTNAME-role`.
pub(super) async fn open(settings: &BrokerSettings, role: &str) -> Result<Connection, ConnectError> {
    let name = format!("{}-{role}", settings.hostname);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let uri = address(settings.uri.expose_secret())?;
    let place = format!("{}:{}", uri.authority.host, uri.authority.port);
    Connection::connect_uri(uri, properties).await.map_err(|error| ConnectError::broken(format!("{place}: {error}")))
}

/// An address as the client library wants it. A bare `/` at the end means the vhost `/` (protocol, section 1.5); the
/// library reads it as an empty one.
fn address(text: &str) -> Result<AMQPUri, ConnectError> {
    let mut uri: AMQPUri =
        text.parse().map_err(|problem| ConnectError::refusal(format!("its address is malformed: {problem}")))?;
    if uri.vhost.is_empty() {
        uri.vhost.push('/');
    }
    uri.query.frame_max.get_or_insert(FRAME_MAX);
    // So that the library's thread, too, gives up what nobody waits for any longer.
    uri.query.connection_timeout.get_or_insert(OPEN_TIMEOUT.as_secs() * 1000);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::*;

    #[test]
    fn a_refusal_is_an_answer_of_a_broker_that_works() {
        let refused = |kind: AMQPErrorKind| {
            let error = lapin::Error::from(ErrorKind::ProtocolError(AMQPError::new(kind, "".into())));
            ConnectError::from(error).is_refusal()
        };
        assert!(refused(AMQPSoftError::NOTFOUND.into()) && refused(AMQPSoftError::ACCESSREFUSED.into()));
        assert!(refused(AMQPHardError::NOTALLOWED.into()));
        assert!(!refused(AMQPHardError::CONNECTIONFORCED.into()) && !refused(AMQPHardError::INTERNALERROR.into()));
        assert!(!ConnectError::from(lapin::Error::from(ErrorKind::MissingHeartbeatError)).is_refusal());
    }

    #[test]
    fn a_bare_slash_is_the_default_vhost() {
        for (text, vhost, frame_max) in [
            ("amqp://u:p@host:5672/", "/", FRAME_MAX),
            ("amqp://host/?frame_max=4096", "/", 4096),
            ("amqp://host", "/", FRAME_MAX),
            ("amqp://host/vhost", "vhost", FRAME_MAX),
            ("amqp://host/%2f", "/", FRAME_MAX),
        ] {
            let uri = address(text).expect("an address");
            assert_eq!((uri.vhost.as_str(), uri.query.frame_max), (vhost, Some(frame_max)), "{text}");
        }
        assert!(address("http://host").is_err());
    }
}
