//! The resources of the file actions besides Podio.

use std::time::Duration;

use elasticio_runtime::{
    http::{self, ClientError},
    platform::object_storage::ObjectStorage,
};
use reqwest::Client;

/// The sources and destinations of files outside Podio.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The platform's object storage, if it has one.
    pub(crate) storage: Option<ObjectStorage>,
    /// A client without a credential, for files at any other address.
    pub(crate) http: Client,
    /// Longest time that a transfer may stand still.
    pub(crate) stall_timeout: Duration,
}

impl Files {
    /// Creates the client.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub(crate) fn new(
        user_agent: &str,
        storage: Option<ObjectStorage>,
        stall_timeout: Duration,
    ) -> Result<Self, ClientError> {
        Ok(Self { storage, http: http::client(user_agent)?, stall_timeout })
    }
}
