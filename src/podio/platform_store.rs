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
    pub api: PlatformApi,
    /// The flow.
    pub flow_id: String,
    /// The step.
    pub step_id: String,
    /// `_account` of the step's config; without it nothing is stored.
    pub account: Option<String>,
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
            match self.api.step_data(&self.flow_id, &self.step_id).await {
                Ok(step) => StepConfig::read(&step).oauth,
                Err(error) => {
                    tracing::warn!(%error, "the credential could not be read again");
                    None
                }
            }
        })
    }
}
