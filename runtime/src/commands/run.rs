//! `run`: the worker.

use std::{process::ExitCode, time::Duration};

use super::{otlp::OtlpSender, process};
use crate::{
    Component, Step,
    platform::{api::ApiSettings, identity::Identity, step_data::StepData},
    settings::{Reader, Source, variables as v},
    stop::Stop,
    telemetry::{self, HttpAddress, LogTarget, traces},
    worker::{self, HookSettings, Starting, WorkerSettings},
};

/// The time that messages in progress get at a stop, beyond one attempt's timeout, to emit and settle.
const DRAIN_MARGIN: Duration = Duration::from_secs(5);

/// Runs the worker until a signal; returns the exit code.
pub(crate) fn run<C: Component>() -> ExitCode {
    process::exit_code::<C>(start::<C>())
}

fn start<C: Component>() -> anyhow::Result<ExitCode> {
    let source = process::start::<C>(LogTarget::Stdout)?;
    let runtime = process::runtime()?;
    let outcome = runtime.block_on(run_with::<C>(&source, process::stop_on_signal)).map(|()| ExitCode::SUCCESS);
    // A look-up of a name may still run on a thread of its own.
    runtime.shutdown_background();
    traces::flush();
    outcome
}

/// Runs the worker inside the caller's process with the settings of `source`, until `stop` is requested; or the shutdown
/// hook, if the settings ask for it. Reads no command line, starts no logging and handles no signals.
///
/// # Errors
/// When settings are missing or malformed, when the worker does not start, and when the hook fails.
pub async fn run_until<C: Component>(source: &Source, stop: &Stop) -> anyhow::Result<()> {
    run_with::<C>(source, || Ok(stop.clone())).await
}

async fn run_with<C: Component>(source: &Source, stop: impl FnOnce() -> anyhow::Result<Stop>) -> anyhow::Result<()> {
    if Reader::new(source).flag(v::HOOK_SHUTDOWN) {
        shut_down::<C>(source, &stop()?).await
    } else {
        work::<C>(source, stop).await
    }
}

async fn work<C: Component>(source: &Source, stop: impl FnOnce() -> anyhow::Result<Stop>) -> anyhow::Result<()> {
    let mut reader = Reader::new(source);
    let worker = WorkerSettings::read(&mut reader, C::INFO.name);
    let own = C::settings(&mut reader);
    let address = HttpAddress::read(&mut reader, C::INFO.http_address);
    let (mut worker, own, address) = reader.finish((worker, own, address))?;
    if let Some(bound) = C::message_time(&own) {
        worker.bound_message_time(bound.setting, bound.max);
    }
    if let Some(address) = address {
        telemetry::serve(address, C::INFO.metrics_prefix, C::INFO.version, C::INFO.revision)?;
    }
    if let Some(endpoint) = traces::endpoint(source) {
        let sender = OtlpSender::start(&C::INFO.user_agent())?;
        traces::export(source, &endpoint, C::INFO.name, C::INFO.version, sender)?;
    }
    let stop = stop()?;
    let platform = process::platform::<C>(worker.api.clone(), worker.storage.clone())?;
    let Identity { flow_id, step_id, .. } = &worker.identity;
    let actions = |data: &StepData| {
        C::actions(&own, Step::of_flow(data.clone(), &platform.api, platform.storage.clone(), flow_id, step_id))
    };
    let drain = C::attempt_timeout(&own) + DRAIN_MARGIN;
    Starting {
        version: C::INFO.version,
        revision: C::INFO.revision,
        identity: &worker.identity,
        exchange: &worker.broker.exchange,
        queue: &worker.broker.queue,
        prefetch: worker.broker.prefetch,
    }
    .emit();
    // Without a config, every message would fail for want of the credential.
    let needs_config = C::INFO.manifest().has_credentials();
    telemetry::alive(Box::pin(worker::run(&worker, &platform, needs_config, actions, &stop, drain))).await?;
    Ok(())
}

async fn shut_down<C: Component>(source: &Source, stop: &Stop) -> anyhow::Result<()> {
    let mut reader = Reader::new(source);
    let identity = Identity::read(&mut reader);
    let api = ApiSettings::read(&mut reader, &identity.workspace_id);
    let (hooks, own) = (HookSettings::read(&mut reader), C::settings(&mut reader));
    let (identity, api, hooks, own) = reader.finish((identity, api, hooks, own))?;
    let platform = process::platform::<C>(api, None)?;
    let actions = |data: &StepData| {
        C::actions(&own, Step::of_flow(data.clone(), &platform.api, None, &identity.flow_id, &identity.step_id))
    };
    worker::shut_down(&identity, &platform, &hooks, actions, stop).await?;
    Ok(())
}
