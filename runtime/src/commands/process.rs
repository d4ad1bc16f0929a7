//! What commands share: the source of settings, logging, the async runtime, the stop signals, the platform.

use std::{
    io::{IsTerminal, stdout},
    process::ExitCode,
};

use anyhow::Context as _;
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
};

use crate::{
    Component,
    http::{self, ClientError},
    platform::{
        Platform,
        api::{ApiSettings, PlatformApi},
        object_storage::{ObjectStorage, StorageSettings},
    },
    settings::{self, SettingsError, Source},
    stop::Stop,
    telemetry::{self, FATAL, LogTarget},
    tls,
};

/// Reads the source of settings; starts what the whole process shares: logging and TLS. Warns of each setting that is not
/// taken as it is written.
pub(super) fn start<C: Component>(target: LogTarget) -> anyhow::Result<Source> {
    let source = start_unreviewed::<C>(target)?;
    for doubt in settings::review(&source, C::INFO.known()) {
        tracing::warn!("a setting is not taken as it is written: {doubt}");
    }
    Ok(source)
}

/// The same for a command that shows the doubts itself.
pub(super) fn start_unreviewed<C: Component>(target: LogTarget) -> anyhow::Result<Source> {
    let source = Source::from_process(C::INFO.known())?;
    telemetry::start(&source, target, C::INFO.log_target)?;
    tls::start(&source);
    Ok(source)
}

/// The async runtime, on one thread beside lapin's. A message takes little CPU time and mostly waits, so moving it
/// between threads would cost more than a second thread gains (docs/performance.md).
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("the async runtime could not be started")
}

/// The exit code of a command, which is 1 after an error; logs the error.
pub(super) fn exit_code<C: Component>(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        if let Some(settings) = error.downcast_ref::<SettingsError>()
            && stdout().is_terminal()
        {
            eprintln!("{}", listed(settings, C::INFO.name));
            return ExitCode::FAILURE;
        }
        let error = format!("{error:#}");
        // Without a subscriber the event would be lost, so the error is printed if logging could not be started.
        if tracing::enabled!(target: FATAL, tracing::Level::ERROR) {
            tracing::error!(target: FATAL, "{error}");
        } else {
            eprintln!("{}: {error}", C::INFO.name);
        }
        ExitCode::FAILURE
    })
}

/// The problems for a person at a terminal, who may not know that this is a worker.
fn listed(error: &SettingsError, name: &str) -> String {
    let lines: Vec<String> = error.problems.iter().map(|problem| format!("  {problem}")).collect();
    format!(
        "{name}: settings are missing or malformed:\n\n{}\n\nWithout a command, {name} is the worker, which the platform \
         starts with these variables.\nTo run an action or a trigger without a platform: {name} exec --help. For the other \
         commands: {name} --help.",
        lines.join("\n")
    )
}

/// A stop that SIGTERM and SIGINT request; further signals change nothing.
pub(super) fn stop_on_signal() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
    let request = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if !request.is_requested() {
                tracing::info!("stopping");
            }
            request.request();
        }
    });
    Ok(stop)
}

/// A client for calls to the platform.
pub(super) fn http_client<C: Component>() -> Result<http::Client, ClientError> {
    http::Client::new(&C::INFO.user_agent())
}

/// The platform's services.
pub(super) fn platform<C: Component>(api: ApiSettings, storage: Option<StorageSettings>) -> anyhow::Result<Platform> {
    let http = http_client::<C>()?;
    Ok(Platform {
        api: PlatformApi::new(http.clone(), api),
        storage: storage.map(|settings| ObjectStorage::new(http, settings)),
    })
}

/// The platform's object storage alone; `None` without settings.
pub(super) fn storage<C: Component>(settings: Option<StorageSettings>) -> anyhow::Result<Option<ObjectStorage>> {
    let Some(settings) = settings else { return Ok(None) };
    let http = http_client::<C>()?;
    Ok(Some(ObjectStorage::new(http, settings)))
}
