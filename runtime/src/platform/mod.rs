//! What the integration platform defines: how messages are encrypted, which AMQP headers they carry, their format, and
//! the platform's REST API and object storage. Knows neither a third party's API nor lapin.

pub mod api;
mod attachment;
pub mod cipher;
pub mod credential_store;
pub mod error_message;
pub(crate) mod flow_type;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
pub mod headers;
pub mod identity;
pub mod json;
pub(crate) mod lightweight;
pub mod message;
pub mod object_storage;
pub(crate) mod passthrough;
pub(crate) mod snapshot;
pub mod step_data;

/// The platform's services.
#[derive(Clone, Debug)]
pub(crate) struct Platform {
    /// The REST API.
    pub api: api::PlatformApi,
    /// Object storage, where the platform has one.
    pub storage: Option<object_storage::ObjectStorage>,
}
