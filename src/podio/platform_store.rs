//! Keeps an own credential on the platform: stored with the account that the step's config names, read back from the
//! step's data (contract, section 11).

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{StepConfig, config::OAuth, renewal::CredentialStore};
use crate::platform::api::PlatformApi;

/// The credential of one step on the platform.
#[derive(Debug)]
pub struct PlatformStore {
    /// The platform's API.
    api: PlatformApi,
    /// The flow and the step whose data hold the credential; `None` outside of a flow.
    step: Option<(String, String)>,
    /// `_account` of the step's config; without it nothing is stored.
    account: Option<String>,
}

impl PlatformStore {
    /// A store that belongs to no flow: a renewed credential goes to its account only.
    #[must_use]
    pub fn without_step(api: PlatformApi, account: Option<String>) -> Self {
        Self { api, step: None, account }
    }

    /// A store of a step of a flow.
    #[must_use]
    pub fn of_step(api: PlatformApi, flow_id: &str, step_id: &str, account: Option<String>) -> Self {
        Self { api, step: Some((flow_id.to_owned(), step_id.to_owned())), account }
    }
}

impl CredentialStore for PlatformStore {
    fn save<'a>(&'a self, oauth: &'a Map<String, Value>) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let Some(account) = &self.account else { return Ok(()) };
            let keys = serde_json::json!({ "oauth": oauth });
            let keys = serde_json::value::to_raw_value(&keys).map_err(|error| error.to_string())?;
            self.api.update_account(account, &keys).await.map_err(|error| error.to_string())
        })
    }

    fn reload(&self) -> BoxFuture<'_, Option<OAuth>> {
        Box::pin(async move {
            let (flow_id, step_id) = self.step.as_ref()?;
            match self.api.step_data(flow_id, step_id).await {
                Ok(step) => StepConfig::read(&step).oauth,
                Err(error) => {
                    tracing::warn!(%error, "the credential could not be read again");
                    None
                }
            }
        })
    }
}
