//! What the actions that move files need besides Podio.

use elasticio_runtime::{
    http::{self, ClientError},
    platform::object_storage::ObjectStorage,
};
use reqwest::{Client, redirect};

/// Where files come from and go to.
#[derive(Clone, Debug)]
pub struct Files {
    /// The platform's object storage, where it has one.
    pub storage: Option<ObjectStorage>,
    /// Client for files anywhere else; it sends no credential.
    pub http: Client,
}

impl Files {
    /// `storage` is the platform's; the client calls itself `user_agent`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(user_agent: &str, storage: Option<ObjectStorage>) -> Result<Self, ClientError> {
        Ok(Self { storage, http: http::client(user_agent, redirect::Policy::default())? })
    }
}
