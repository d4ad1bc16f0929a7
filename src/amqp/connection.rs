//! Opens connections: the address in the platform's form, names that an operator finds at the broker.

use lapin::{Connection, ConnectionProperties, uri::AMQPUri};
use secrecy::ExposeSecret;

use crate::settings::BrokerSettings;

/// Bytes of the largest AMQP frame, unless the address names another number (`?frame_max=`). The client library
/// holds 32 frames in each direction of each connection: the broker's default of 128 KiB would cost 16 MiB, this
/// costs 2 MiB, and larger messages only come in more frames.
const FRAME_MAX: u32 = 16 * 1024;

/// RabbitMQ could not be reached, or refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("RabbitMQ cannot be used: {0}. Check ELASTICIO_AMQP_URI, and that the broker runs and is reachable")]
pub struct ConnectError(pub(super) String);

impl From<lapin::Error> for ConnectError {
    fn from(error: lapin::Error) -> Self {
        Self(error.to_string())
    }
}

/// Opens one connection, called `HOSTNAME-role`.
pub(super) async fn open(settings: &BrokerSettings, role: &str) -> Result<Connection, ConnectError> {
    let name = format!("{}-{role}", settings.hostname);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let uri = address(settings.uri.expose_secret())?;
    let place = format!("{}:{}", uri.authority.host, uri.authority.port);
    Connection::connect_uri(uri, properties).await.map_err(|error| ConnectError(format!("{place}: {error}")))
}

/// An address as the client library wants it. A bare `/` at the end means the vhost `/` (contract, section 1); the
/// library reads it as an empty one.
fn address(text: &str) -> Result<AMQPUri, ConnectError> {
    let mut uri: AMQPUri =
        text.parse().map_err(|problem| ConnectError(format!("its address is malformed: {problem}")))?;
    if uri.vhost.is_empty() {
        uri.vhost.push('/');
    }
    uri.query.frame_max.get_or_insert(FRAME_MAX);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

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
