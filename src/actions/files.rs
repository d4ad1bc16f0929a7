//! What the actions that move files need besides Podio.

use reqwest::Client;

use crate::platform::storage::ObjectStorage;

/// Where files come from and go to.
#[derive(Clone, Debug)]
pub struct Files {
    /// The platform's object storage, where it has one.
    pub storage: Option<ObjectStorage>,
    /// Client for files anywhere else; it sends no credential.
    pub http: Client,
}
