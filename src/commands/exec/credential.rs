//! Where `exec` finds its credential: a file, the environment, or the platform.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::{super::setup, file_store::FileStore};
use crate::{
    platform::{api::PlatformApi, step::StepData},
    podio::{CredentialStore, NoStore, PlatformStore, StepConfig},
    settings::{Source, StepSettings, read_api, variables as v},
};

/// A step's config with its credential, and where a renewed one is stored.
pub(super) struct Found {
    pub(super) config: StepConfig,
    pub(super) api: Option<PlatformApi>,
    pub(super) store: Arc<dyn CredentialStore>,
}

/// Looks in the file, then in the environment, then at the platform.
pub(super) async fn find(file: Option<&Path>, source: &Source) -> anyhow::Result<Found> {
    if let Some(path) = file {
        let store = FileStore::new(path.to_owned());
        let config = config(&store.read()?)?;
        let api = config.secret_id.is_some().then(|| secrets(source)).transpose()?;
        return Ok(Found { config, api, store: Arc::new(store) });
    }
    if let Some(token) = source.get(v::PODIO_ACCESS_TOKEN.name) {
        let oauth = json!({ "access_token": token, "refresh_token": source.get(v::PODIO_REFRESH_TOKEN.name) });
        let Value::Object(fields) = json!({ "oauth": oauth }) else { unreachable!("an object was made") };
        return Ok(Found { config: config(&fields)?, api: None, store: Arc::new(NoStore) });
    }
    if source.get(v::API_URI.name).is_none() {
        anyhow::bail!(
            "there is no credential: give --credential FILE, or set {}, or the platform's variables ({} and the others)",
            v::PODIO_ACCESS_TOKEN.name,
            v::API_URI.name
        );
    }
    let StepSettings { flow_id, step_id, api } = StepSettings::read(source)?;
    let api = setup::platform(api, None)?.api;
    let step = api.step_data(&flow_id, &step_id).await?;
    let config = StepConfig::read(&step);
    let store = PlatformStore::of_step(api.clone(), &flow_id, &step_id, step.account());
    Ok(Found { config, api: Some(api), store: Arc::new(store) })
}

fn config(fields: &Map<String, Value>) -> anyhow::Result<StepConfig> {
    let raw = serde_json::value::to_raw_value(fields)?;
    Ok(StepConfig::read(&StepData::with_config(raw)))
}

/// The platform's API, for a credential file that names a secret.
fn secrets(source: &Source) -> anyhow::Result<PlatformApi> {
    let settings =
        read_api(source).context("the credential file names a \"secretId\", which only the platform's API can read")?;
    Ok(setup::platform(settings, None)?.api)
}
