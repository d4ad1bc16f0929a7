//! The resources of the file actions besides Podio.

use std::time::Duration;

use elasticio_runtime::{
    http::{Client, ClientError, Reach},
    platform::object_storage::ObjectStorage,
};

use crate::rest::ClientSettings;

/// The sources and destinations of files outside Podio.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The platform's object storage, if it has one.
    pub(crate) storage: Option<ObjectStorage>,
    /// A client without a credential, for files at any other address.
    pub(crate) http: Client,
    /// The hosts that this client may call; any without it.
    pub(crate) reach: Option<Reach>,
    /// Longest time that a transfer may stand still.
    pub(crate) stall_timeout: Duration,
    /// Longest time for a whole transfer.
    pub(crate) transfer_timeout: Duration,
}

impl Files {
    /// Creates the client.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub(crate) fn new(
        user_agent: &str,
        storage: Option<ObjectStorage>,
        settings: &ClientSettings,
    ) -> Result<Self, ClientError> {
        let reach = settings.upload_sources.clone();
        let http = match &reach {
            Some(reach) => Client::within(user_agent, reach.clone())?,
            None => Client::new(user_agent)?,
        };
        Ok(Self {
            storage,
            http,
            reach,
            stall_timeout: settings.stall_timeout,
            transfer_timeout: settings.transfer_timeout,
        })
    }
}
