//! Where `exec` finds its step's config with the credential: a file, the environment, or the platform.

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::{
    super::{credential_file::CredentialFile, process},
    ExecArgs,
};
use crate::{
    Component, Step,
    platform::{
        api::{ApiSettings, PlatformApi},
        credential_store::{CredentialStore, NoStore},
        object_storage::StorageSettings,
        step_data::StepData,
    },
    settings::{Reader, Source, variables as v},
};

/// Looks in the file, then in the environment, then on the platform. Reads only the settings that the place needs.
pub(super) async fn find<C: Component>(args: &ExecArgs, source: &Source) -> anyhow::Result<Step> {
    if let Some(path) = &args.credential {
        let store = CredentialFile::new(path.clone());
        if !args.allow_readable_credential {
            store.check_private()?;
        }
        let config = store.read()?;
        let names_secret = config.get("secretId").and_then(Value::as_str).is_some_and(|id| !id.is_empty());
        let api = names_secret.then(|| secrets::<C>(source)).transpose()?;
        return step::<C>(&config, api, Arc::new(store), source);
    }
    if let Some(config) = C::config_from_environment(source) {
        return step::<C>(&config, None, Arc::new(NoStore), source);
    }
    if source.get(v::API_URI.name).is_some() {
        return from_platform::<C>(source).await;
    }
    if !C::INFO.manifest().has_credentials() {
        return step::<C>(&Map::new(), None, Arc::new(NoStore), source);
    }
    let own = C::INFO.access_token.map(|name| format!("set {name}, or ")).unwrap_or_default();
    anyhow::bail!(
        "there is no credential: give --credential FILE, or {own}the platform's variables ({} and the others)",
        v::API_URI.name
    )
}

fn step<C: Component>(
    config: &Map<String, Value>,
    api: Option<PlatformApi>,
    credential_store: Arc<dyn CredentialStore>,
    source: &Source,
) -> anyhow::Result<Step> {
    let data = StepData::with_config(serde_json::value::to_raw_value(config)?);
    Ok(Step { data, api, storage: process::storage::<C>(storage(source)?)?, credential_store })
}

async fn from_platform<C: Component>(source: &Source) -> anyhow::Result<Step> {
    let mut reader = Reader::new(source);
    let (flow_id, step_id) = (reader.text(v::FLOW_ID), reader.text(v::STEP_ID));
    let workspace_id = reader.text(v::WORKSPACE_ID);
    let api = ApiSettings::read(&mut reader, &workspace_id);
    let api = reader.finish(api)?;
    let platform = process::platform::<C>(api, storage(source)?)?;
    let data = platform.api.step_data(&flow_id, &step_id).await?;
    Ok(Step::of_flow(data, &platform.api, platform.storage, &flow_id, &step_id))
}

/// The platform's API, for a credential file that names a secret.
fn secrets<C: Component>(source: &Source) -> anyhow::Result<PlatformApi> {
    let mut reader = Reader::new(source);
    let workspace_id = reader.text(v::WORKSPACE_ID);
    let api = ApiSettings::read(&mut reader, &workspace_id);
    let api = reader
        .finish(api)
        .context("the credential file names a \"secretId\", which only the platform's API can read")?;
    Ok(process::platform::<C>(api, None)?.api)
}

fn storage(source: &Source) -> anyhow::Result<Option<StorageSettings>> {
    let mut reader = Reader::new(source);
    let storage = StorageSettings::read(&mut reader);
    Ok(reader.finish(storage)?)
}
