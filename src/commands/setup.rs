//! What commands share: the settings' source with logging started, the runtime, the stop signal, Podio for a step.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{
    actions::Files,
    http,
    platform::{
        Platform,
        api::{ApiSettings, PlatformApi},
        storage::{ObjectStorage, StorageSettings},
    },
    podio::{Credential, CredentialStore, Podio, StepConfig},
    settings::{PodioSettings, Source},
    telemetry::{self, LogTarget},
};

/// Reads where settings come from and starts logging.
pub(super) fn start(target: LogTarget) -> anyhow::Result<Source> {
    let source = Source::from_process()?;
    telemetry::start(&source, target)?;
    Ok(source)
}

/// The runtime that everything runs on: one thread, beside those of the broker's connections. A message costs little
/// CPU and waits much, and handing it between threads costs more than a second thread brings (docs/performance.md).
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("the async runtime could not be started")
}

/// The exit code of a command that may fail before its own work begins; says what failed.
pub(super) fn exit_code(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        let error = format!("{error:#}");
        // Without a subscriber the event is lost, so it is printed as well when logging could not be started.
        if tracing::enabled!(tracing::Level::ERROR) {
            tracing::error!("{error}");
        } else {
            eprintln!("podio-component: {error}");
        }
        ExitCode::FAILURE
    })
}

/// A token that SIGTERM and SIGINT cancel; further signals change nothing.
pub(super) fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
    let cancel = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if !cancel.is_cancelled() {
                tracing::info!("stopping");
            }
            cancel.cancel();
        }
    });
    Ok(stop)
}

/// The platform's services.
pub(super) fn platform(api: ApiSettings, storage: Option<StorageSettings>) -> anyhow::Result<Platform> {
    let http = http::client(reqwest::redirect::Policy::default())?;
    Ok(Platform {
        api: PlatformApi::new(http.clone(), api),
        storage: storage.map(|settings| ObjectStorage::new(http, settings)),
    })
}

/// The object storage alone.
pub(super) fn storage(settings: Option<StorageSettings>) -> anyhow::Result<Option<ObjectStorage>> {
    let Some(settings) = settings else { return Ok(None) };
    let http = http::client(reqwest::redirect::Policy::default())?;
    Ok(Some(ObjectStorage::new(http, settings)))
}

/// Where files come from and go to.
pub(super) fn files(storage: Option<ObjectStorage>) -> anyhow::Result<Files> {
    let http = http::client(reqwest::redirect::Policy::default())?;
    Ok(Files { storage, http })
}

/// Podio's API for a step's config.
pub(super) fn podio(
    settings: &PodioSettings,
    config: &StepConfig,
    api: Option<PlatformApi>,
    store: Arc<dyn CredentialStore>,
) -> anyhow::Result<Arc<Podio>> {
    let http = http::client(Podio::redirects())?;
    // A redirect of the token endpoint would carry the refresh token elsewhere: it is not followed.
    let token_http = http::client(reqwest::redirect::Policy::none())?;
    let credential = Credential::of_step(config, settings, &token_http, api, store);
    Ok(Arc::new(Podio::new(http, settings.clone(), credential, config.retry)))
}
