//! Where a credential is kept that the step carries in its config, as `oauth`. On the platform, it is stored with the
//! account that the config names and read back from the step's data (protocol, sections 6.10 and 11.17).

use std::fmt;

use futures_util::future::BoxFuture;

use super::{api::PlatformApi, step_data::OAuthFields};

/// Where a credential is kept between runs.
pub trait CredentialStore: fmt::Debug + Send + Sync {
    /// Stores a refreshed credential.
    ///
    /// # Errors
    /// When it cannot be stored. The text says why, or what to do.
    fn save<'a>(&'a self, oauth: &'a OAuthFields) -> BoxFuture<'a, Result<(), String>>;

    /// Whether another process may store a newer credential, so that reading it again makes sense.
    fn is_shared(&self) -> bool {
        true
    }

    /// Reads it again: another process may have refreshed it meanwhile. `None` when there is nothing to read.
    fn reload(&self) -> BoxFuture<'_, Option<OAuthFields>>;
}

/// For a credential from the environment, where none can be stored.
#[derive(Clone, Copy, Debug)]
pub struct NoStore;

impl CredentialStore for NoStore {
    fn save<'a>(&'a self, _: &'a OAuthFields) -> BoxFuture<'a, Result<(), String>> {
        let problem = "it came from the environment; use --credential FILE to keep a refreshed one";
        Box::pin(std::future::ready(Err(problem.to_owned())))
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn reload(&self) -> BoxFuture<'_, Option<OAuthFields>> {
        Box::pin(std::future::ready(None))
    }
}

/// The credential of one step on the platform.
#[derive(Debug)]
pub(crate) struct PlatformStore {
    /// The platform's API.
    api: PlatformApi,
    /// The flow and the step whose data hold the credential; `None` outside of a flow.
    step: Option<(String, String)>,
    /// `_account` of the step's config; without it nothing is stored.
    account: Option<String>,
}

impl PlatformStore {
    /// A store outside of a flow: a refreshed credential goes to its account and cannot be read again.
    pub(crate) fn without_step(api: PlatformApi, account: Option<String>) -> Self {
        Self { api, step: None, account }
    }

    /// The store of a step of a flow.
    pub(crate) fn of_step(api: PlatformApi, flow_id: &str, step_id: &str, account: Option<String>) -> Self {
        Self { api, step: Some((flow_id.to_owned(), step_id.to_owned())), account }
    }
}

impl CredentialStore for PlatformStore {
    fn save<'a>(&'a self, oauth: &'a OAuthFields) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let Some(account) = &self.account else { return Ok(()) };
            let keys = serde_json::json!({ "oauth": oauth });
            let keys = serde_json::value::to_raw_value(&keys).map_err(|error| error.to_string())?;
            self.api.update_account(account, &keys).await.map_err(|error| error.to_string())
        })
    }

    fn is_shared(&self) -> bool {
        self.step.is_some()
    }

    fn reload(&self) -> BoxFuture<'_, Option<OAuthFields>> {
        Box::pin(async move {
            let (flow_id, step_id) = self.step.as_ref()?;
            match self.api.step_data(flow_id, step_id).await {
                Ok(step) => step.oauth(),
                Err(error) => {
                    tracing::warn!(%error, "the credential could not be read again");
                    None
                }
            }
        })
    }
}
