//! Opens connections: reads the platform's form of the broker's address, names connections for operators.

use std::time::Duration;

use lapin::{
    Connection, ConnectionProperties, ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError},
    uri::AMQPUri,
};
use secrecy::ExposeSecret;

use super::BrokerSettings;

/// The largest AMQP frame in bytes, unless the address sets another (`?frame_max=`). lapin buffers 32 frames in each
/// direction of each connection: the broker's default of 128 KiB would take 16 MiB, this takes 2 MiB, and larger
/// messages are merely split into more frames.
const FRAME_MAX: u32 = 16 * 1024;

/// Longest wait until both connections and their channels are open, and then until the queue is consumed.
pub(super) const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// RabbitMQ could not be reached, or refused a request.
#[derive(Clone, Debug, thiserror::Error)]
#[error("RabbitMQ cannot be used: {reason}. Check ELASTICIO_AMQP_URI, and that the broker runs and is reachable")]
pub(crate) struct ConnectError {
    reason: String,
    refusal: bool,
}

impl ConnectError {
    /// The broker or the network failed: a later attempt may succeed.
    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), refusal: false }
    }

    /// The broker refuses, or the settings cannot work: a later attempt fails too.
    pub(super) fn refusal(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), refusal: true }
    }

    /// Whether a later attempt would fail too.
    pub(super) fn is_refusal(&self) -> bool {
        self.refusal
    }
}

impl From<lapin::Error> for ConnectError {
    fn from(error: lapin::Error) -> Self {
        use AMQPErrorKind::{Hard, Soft};
        let refusal = match error.kind() {
            // Soft errors are 403 to 406, the hard ones here 402, 530 and 540. Other hard errors, such as 320 when the
            // broker shuts down, only end the connection.
            ErrorKind::ProtocolError(error) => matches!(
                error.kind(),
                Soft(_) | Hard(AMQPHardError::INVALIDPATH | AMQPHardError::NOTALLOWED | AMQPHardError::NOTIMPLEMENTED)
            ),
            _ => false,
        };
        Self { reason: error.to_string(), refusal }
    }
}

/// Opens one connection, named `HOSTNAME-role`.
pub(super) async fn open(settings: &BrokerSettings, role: &str) -> Result<Connection, ConnectError> {
    let name = format!("{}-{role}", settings.hostname);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let uri = address(settings.uri.expose_secret())?;
    let place = format!("{}:{}", uri.authority.host, uri.authority.port);
    Connection::connect_uri(uri, properties).await.map_err(|error| ConnectError::broken(format!("{place}: {error}")))
}

/// Parses the broker's address for lapin. A bare `/` at the end means the vhost `/` (protocol, section 1.5); lapin
/// reads it as an empty vhost.
fn address(text: &str) -> Result<AMQPUri, ConnectError> {
    let mut uri: AMQPUri =
        text.parse().map_err(|problem| ConnectError::refusal(format!("its address is malformed: {problem}")))?;
    if uri.vhost.is_empty() {
        uri.vhost.push('/');
    }
    uri.query.frame_max.get_or_insert(FRAME_MAX);
    // So that lapin's own thread gives up too once the caller has timed out.
    uri.query.connection_timeout.get_or_insert(OPEN_TIMEOUT.as_secs() * 1000);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::*;

    #[test]
    fn only_an_answer_of_a_working_broker_is_a_refusal() {
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
