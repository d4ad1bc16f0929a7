//! The settings of the broker: where it is and how it is used.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::address::{self, Address};
use crate::settings::{Reader, variables as v};

/// The broker, the queue, the exchange and how the connections to them are made.
#[derive(Clone, Debug)]
pub(crate) struct BrokerSettings {
    /// `ELASTICIO_AMQP_URI`: one address, or several that are tried in turn.
    pub(crate) addresses: Vec<Address>,
    /// `HOSTNAME`, else the component's name: the connections are called `HOSTNAME-read` and `HOSTNAME-write`.
    pub(crate) hostname: String,
    /// The component's name, under which the consumer is listed at the broker.
    pub(crate) consumer_tag: &'static str,
    /// `ELASTICIO_LISTEN_MESSAGES_ON`
    pub(crate) queue: String,
    /// `ELASTICIO_PUBLISH_MESSAGES_TO`
    pub(crate) exchange: String,
    /// `ELASTICIO_RABBITMQ_PREFETCH_SAILOR`: how many messages are processed concurrently.
    pub(crate) prefetch: u16,
    /// The component's setting that bounds how long a message is held, for the operator.
    pub(crate) message_time: Option<&'static str>,
    /// `ELASTICIO_AMQP_RECONNECT_ATTEMPTS`: further attempts after the first one, at start.
    pub(crate) reconnect_attempts: u32,
    /// `ELASTICIO_AMQP_RECONNECT_TIMEOUT`: wait between those attempts.
    pub(crate) reconnect_delay: Duration,
}

impl BrokerSettings {
    pub(crate) fn read(reader: &mut Reader<'_>, component: &'static str) -> Self {
        let uri = reader.secret(v::AMQP_URI);
        let addresses = match address::parse_all(uri.expose_secret()) {
            Ok(addresses) => addresses,
            Err(problem) => {
                if !uri.expose_secret().is_empty() {
                    reader.problem(v::AMQP_URI, &problem);
                }
                Vec::new()
            }
        };
        Self {
            addresses,
            hostname: reader.optional(v::HOSTNAME).unwrap_or_else(|| component.to_owned()),
            consumer_tag: component,
            queue: reader.name(v::LISTEN_MESSAGES_ON),
            exchange: reader.name(v::PUBLISH_MESSAGES_TO),
            prefetch: reader.bounded(v::PREFETCH, u16::MAX),
            message_time: None,
            reconnect_attempts: reader.bounded(v::AMQP_RECONNECT_ATTEMPTS, u32::MAX),
            reconnect_delay: reader.millis(v::AMQP_RECONNECT_TIMEOUT),
        }
    }
}
