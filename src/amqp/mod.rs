//! The broker: two supervised connections, a consumer and a confirmed publisher. The only module that names the AMQP
//! client library; knows nothing of messages, ciphers or actions.

mod connection;
mod consumer;
mod link;
mod outlet;
mod properties;
mod publisher;
mod session;
mod settler;
mod values;

pub use connection::ConnectError;
pub use consumer::{Delivery, Receipt};
pub use link::Link;
pub use properties::Properties;
pub use publisher::{PublishError, Publisher};
