//! The step's hooks, whose state the platform keeps between them (protocol, sections 2.6 and 2.11).

use serde_json::{Value, value::to_raw_value};
use url::Url;

use super::StartError;
use crate::{
    dispatcher::{Action, HookContext, Registry, hooks},
    platform::{Platform, identity::Identity, step_data::StepData},
    settings::{Reader, variables as v},
    stop::Stop,
};

/// What the hooks of a step need.
#[derive(Clone, Debug)]
pub(crate) struct HookSettings {
    /// `ELASTICIO_FLOW_WEBHOOK_URI`
    pub(crate) webhook_uri: Option<Url>,
}

impl HookSettings {
    /// Reads the settings of a hook that runs.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self { webhook_uri: reader.optional(v::FLOW_WEBHOOK_URI).map(|_| reader.http_url(v::FLOW_WEBHOOK_URI)) }
    }

    fn context<'a>(&'a self, stop: &'a Stop) -> HookContext<'a> {
        HookContext { stop, webhook_uri: self.webhook_uri.as_ref() }
    }
}

/// Runs the startup hook and stores its state. The state of an earlier start is replaced: the hook has found again what
/// belongs to it.
pub(super) async fn start_up(
    action: &dyn Action,
    settings: &HookSettings,
    identity: &Identity,
    platform: &Platform,
    stop: &Stop,
) -> Result<(), StartError> {
    let state = hooks::startup(action, &settings.context(stop)).await.map_err(StartError::Startup)?;
    let state = to_raw_value(&state).map_err(|error| StartError::Actions(error.into()))?;
    platform.api.store_startup_data(&identity.flow_id, &state).await.map_err(StartError::StartupData)
}

/// Runs the shutdown hook with the state that the startup hook returned, then deletes it. After a failure the state stays
/// with the platform, so that the hook can run again with it.
///
/// # Errors
/// When the hook or the platform's API fails.
pub(crate) async fn shut_down(
    identity: &Identity,
    platform: &Platform,
    settings: &HookSettings,
    actions: impl FnOnce(&StepData) -> anyhow::Result<Registry>,
    stop: &Stop,
) -> Result<(), StartError> {
    let Identity { flow_id, step_id, function, .. } = identity;
    let step_data = platform.api.step_data(flow_id, step_id).await?;
    let action = actions(&step_data).map_err(StartError::Actions)?.get(function)?;
    let stored = platform.api.startup_data(flow_id).await?;
    let state: Value = serde_json::from_slice(&stored).unwrap_or_default();
    let outcome = hooks::shutdown(&*action, &state, &settings.context(stop)).await.map_err(StartError::Shutdown);
    // A refreshed credential must be stored before the process ends.
    stop.finish().await;
    outcome?;
    Ok(platform.api.delete_startup_data(flow_id).await?)
}
