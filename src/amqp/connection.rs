//! Opens connections: the address in the platform's form, names that an operator finds at the broker.

use lapin::{Connection, ConnectionProperties};
use secrecy::ExposeSecret;

use crate::settings::BrokerSettings;

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
    let uri = with_default_vhost(settings.uri.expose_secret());
    Connection::connect(&uri, properties).await.map_err(|error| ConnectError(format!("{}: {error}", place(&uri))))
}

/// Host and port of an address, without its user and password.
fn place(uri: &str) -> String {
    let parsed = url::Url::parse(uri).ok();
    let host = parsed.as_ref().and_then(url::Url::host_str).unwrap_or("the address");
    match parsed.as_ref().and_then(url::Url::port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A bare `/` at the end means the vhost `/` (contract, section 1); the client library reads it as an empty one.
fn with_default_vhost(uri: &str) -> String {
    let (address, query) = match uri.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (uri, String::new()),
    };
    let bare = address.strip_suffix('/').filter(|rest| !rest.ends_with('/') && rest.splitn(4, '/').count() == 3);
    match bare {
        Some(rest) => format!("{rest}/%2f{query}"),
        None => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{place, with_default_vhost};

    #[test]
    fn an_address_is_told_without_its_password() {
        assert_eq!(place("amqp://user:geheim@host:5672/%2f"), "host:5672");
        assert_eq!(place("amqp://user:geheim@host"), "host");
        assert_eq!(place("geheim"), "the address");
    }

    #[test]
    fn a_bare_slash_is_the_default_vhost() {
        for (uri, want) in [
            ("amqp://u:p@host:5672/", "amqp://u:p@host:5672/%2f"),
            ("amqp://host/?heartbeat=10", "amqp://host/%2f?heartbeat=10"),
            ("amqp://host", "amqp://host"),
            ("amqp://host/vhost", "amqp://host/vhost"),
            ("amqp://host/vhost/", "amqp://host/vhost/"),
            ("amqp://host/%2f", "amqp://host/%2f"),
        ] {
            assert_eq!(with_default_vhost(uri), want);
        }
    }
}
