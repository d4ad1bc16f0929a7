//! `run`: the worker.

use std::{process::ExitCode, sync::Arc, time::Duration};

use super::setup;
use crate::{
    actions,
    dispatcher::Registry,
    platform::{Platform, step::StepData},
    podio::{PlatformStore, StepConfig},
    settings::{PlatformSettings, RunSettings, wants_shutdown_hook},
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
    if wants_shutdown_hook(&source) {
        let settings = PlatformSettings::read(&source)?;
        return setup::runtime()?.block_on(shut_down(settings));
    }
    let settings = RunSettings::read(&source)?;
    setup::runtime()?.block_on(work(&settings))
}

async fn shut_down(settings: PlatformSettings) -> anyhow::Result<ExitCode> {
    let platform = setup::platform(settings.api, None)?;
    worker::shut_down(&settings.identity, &platform).await?;
    Ok(ExitCode::SUCCESS)
}

async fn work(settings: &RunSettings) -> anyhow::Result<ExitCode> {
    let stop = setup::stop_on_signal()?;
    let worker = &settings.worker;
    let platform = setup::platform(worker.api.clone(), worker.storage.clone())?;
    let drain = settings.podio.timeout + DRAIN_MARGIN;
    let actions = |step: &StepData| registry(settings, &platform, step);
    worker::run(worker, &platform, actions, &stop, drain).await?;
    Ok(ExitCode::SUCCESS)
}

/// The actions for the step that the platform describes.
fn registry(settings: &RunSettings, platform: &Platform, step: &StepData) -> anyhow::Result<Registry> {
    let config = StepConfig::read(step);
    let identity = &settings.worker.identity;
    let store = PlatformStore::of_step(platform.api.clone(), &identity.flow_id, &identity.step_id, step.account());
    let podio = setup::podio(&settings.podio, &config, Some(platform.api.clone()), Arc::new(store))?;
    Ok(actions::registry(&podio, &config, &setup::files(platform.storage.clone())?))
}
