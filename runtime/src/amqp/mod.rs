//! The broker: two supervised connections, a consumer and a publisher with confirms. The only module that names lapin;
//! knows nothing of messages, ciphers or actions.

mod acks;
mod confirms;
mod connection;
mod delivery;
mod link;
mod properties;
mod publish_error;
mod publisher;
mod session;
mod settings;
mod values;

pub(crate) use connection::ConnectError;
pub(crate) use delivery::{Delivery, Receipt};
pub(crate) use link::Link;
pub(crate) use properties::Properties;
pub(crate) use publish_error::PublishError;
pub(crate) use publisher::Publisher;
pub(crate) use settings::BrokerSettings;
