//! What the integration platform defines: how messages are sealed, which AMQP headers they carry, what a message
//! is, and the platform's REST API. Knows neither Podio nor the AMQP client.

pub mod api;
pub mod bodies;
pub mod cipher;
pub mod error_message;
pub mod headers;
pub mod json;
pub mod message;
pub mod passthrough;
pub mod step;
pub mod storage;

/// The platform's services.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The REST API.
    pub api: api::PlatformApi,
    /// Object storage, where the platform has one.
    pub storage: Option<storage::ObjectStorage>,
}
