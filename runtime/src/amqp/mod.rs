//! The broker: two supervised connections, a consumer and a publisher with confirms. The only module that names lapin;
//! knows nothing of messages, ciphers or actions.

pub(crate) mod ack_timeout;
mod acks;
mod address;
mod batch;
mod confirms;
mod connect_error;
mod connection;
mod consumer;
mod delivery;
mod events;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod link;
mod look;
mod max_message_size;
mod properties;
mod publish_error;
mod publisher;
mod settings;
mod tls_options;
mod values;
mod watch;
mod wire;
mod write_side;

pub(crate) use connect_error::ConnectError;
pub(crate) use delivery::{Delivery, Receipt};
pub(crate) use link::Link;
pub(crate) use look::look;
pub(crate) use properties::Properties;
pub(crate) use publish_error::PublishError;
pub(crate) use publisher::Publisher;
pub(crate) use settings::BrokerSettings;
