//! `run`: the worker.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;

use super::setup;
use crate::{
    actions,
    dispatcher::Registry,
    http,
    platform::{api::PlatformApi, step::StepData},
    podio::{PlatformStore, StepConfig},
    settings::RunSettings,
    telemetry::LogTarget,
    worker,
};

/// What messages in work get beyond one call's time-out, to emit and settle, when the worker stops.
const DRAIN_MARGIN: Duration = Duration::from_secs(5);

/// Runs the worker until a signal.
#[must_use]
pub fn run() -> ExitCode {
    setup::exit_code(start())
}

fn start() -> anyhow::Result<ExitCode> {
    let source = setup::start(LogTarget::Stdout)?;
    let settings = RunSettings::read(&source)?;
    setup::runtime()?.block_on(work(&settings))
}

async fn work(settings: &RunSettings) -> anyhow::Result<ExitCode> {
    let stop = setup::stop_on_signal()?;
    let http = http::client(reqwest::redirect::Policy::default()).context("the HTTP client could not be made")?;
    let api = PlatformApi::new(http, settings.worker.api.clone());
    let drain = settings.podio.timeout + DRAIN_MARGIN;
    let actions = |step: &StepData| registry(settings, &api, step);
    worker::run(&settings.worker, &api, actions, &stop, drain).await?;
    Ok(ExitCode::SUCCESS)
}

/// The actions for the step that the platform describes.
fn registry(settings: &RunSettings, api: &PlatformApi, step: &StepData) -> anyhow::Result<Registry> {
    let config = StepConfig::read(step);
    let store = PlatformStore {
        api: api.clone(),
        flow_id: settings.worker.identity.flow_id.clone(),
        step_id: settings.worker.identity.step_id.clone(),
        account: config.account.clone(),
    };
    let podio = setup::podio(&settings.podio, &config, Some(api.clone()), Arc::new(store))?;
    Ok(actions::registry(&podio, &config))
}
