//! The worker's life (contract, section 2): start, work, stop.

use std::{sync::Arc, time::Duration};

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{outbox::Outbox, process::Processor, register::Register, seal::Seal, step::Step};
use crate::{
    amqp::{ConnectError, Link},
    dispatcher::{Action, Failure, Registry, UnknownFunction},
    platform::{Platform, api::ApiError, bodies::BodyStore, cipher::Cipher, json::write_compact, step::StepData},
    settings::{Identity, WorkerSettings},
};

/// Longest time that a failed start tries to publish its error.
const STARTUP_ERROR_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the worker did not start, or did not stay.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No broker.
    #[error(transparent)]
    Broker(#[from] ConnectError),
    /// The platform's API failed at start.
    #[error("the start failed: {0}")]
    Platform(#[from] ApiError),
    /// The platform did not take the startup data.
    #[error("the startup data could not be stored: {0}")]
    StartupData(ApiError),
    /// The actions could not be made ready.
    #[error("the actions could not be made ready: {0:#}")]
    Actions(anyhow::Error),
    /// No such action.
    #[error(transparent)]
    Function(#[from] UnknownFunction),
}

impl RunError {
    /// What the flow's owner reads: the platform's own answer, where there is one, as the reference sends it.
    fn failure(&self) -> Failure {
        match self {
            Self::Platform(ApiError::Status { body, .. }) if !body.is_empty() => {
                Failure::with_log(as_json(body), self.to_string())
            }
            Self::StartupData(ApiError::Status { status, body, .. }) => {
                Failure::with_log(startup_data_text(*status, body), self.to_string())
            }
            _ => Failure::new(self.to_string()),
        }
    }
}

/// What the reference says of a refusal of startup data: the text that the platform gives, or that it failed.
fn startup_data_text(status: StatusCode, body: &str) -> String {
    #[derive(Deserialize)]
    struct Answer {
        error: String,
    }
    if status.is_client_error() {
        return serde_json::from_str(body).map_or_else(|_| as_json(body), |answer: Answer| answer.error);
    }
    format!("Request failed with status code {}", status.as_u16())
}

/// JSON in compact form, any other text as it is.
fn as_json(text: &str) -> String {
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
        return text.to_owned();
    }
    let mut compact = Vec::new();
    write_compact(text, &mut compact);
    String::from_utf8_lossy(&compact).into_owned()
}

/// Runs the worker until `stop`, which is honoured once the start is done.
///
/// `actions` gives the actions for a step's data. After `stop`, messages in work have `drain` to end; what has not
/// ended then goes back to the queue.
///
/// # Errors
/// See [`RunError`]. An error of the start is published to the platform before this returns, if there is a broker.
pub async fn run(
    settings: &WorkerSettings,
    platform: &Platform,
    actions: impl FnOnce(&StepData) -> anyhow::Result<Registry>,
    stop: &CancellationToken,
    drain: Duration,
) -> Result<(), RunError> {
    let (link, prepared) = tokio::join!(Link::open(settings.broker.clone()), prepare(settings, platform, actions));
    let mut link = link?;
    let started = match prepared {
        Ok(prepared) => start_hook(settings, platform).await.map(|()| prepared),
        Err(error) => Err(error),
    };
    let cipher = Arc::new(Cipher::new(&settings.crypto.password, settings.crypto.iv));
    let outbox = Outbox::new(link.publisher(), Seal(cipher.clone()), &settings.identity, settings.emit.clone());
    let outcome = match started {
        Ok((action, step_data)) => {
            let processor = Processor {
                action,
                step: step(settings, platform, &step_data, &cipher),
                cipher,
                outbox,
                register: Register::new(settings.broker.prefetch),
                stop: stop.clone(),
            };
            work(&mut link, Arc::new(processor), drain).await
        }
        Err(error) => {
            link.keep_up_during(report(&outbox, &error)).await;
            Err(error)
        }
    };
    link.close().await;
    outcome
}

/// Runs the shutdown hook (contract, section 2): no component of ours has one, so the startup data is read and
/// deleted.
///
/// # Errors
/// When the platform's API fails.
pub async fn shut_down(identity: &Identity, platform: &Platform) -> Result<(), RunError> {
    let api = &platform.api;
    api.step_data(&identity.flow_id, &identity.step_id).await?;
    api.expect_startup_data(&identity.flow_id).await?;
    api.delete_startup_data(&identity.flow_id).await?;
    Ok(())
}

/// What does not need the broker: step data and the action.
async fn prepare(
    settings: &WorkerSettings,
    platform: &Platform,
    actions: impl FnOnce(&StepData) -> anyhow::Result<Registry>,
) -> Result<(Arc<dyn Action>, StepData), RunError> {
    let identity = &settings.identity;
    let step_data = platform.api.step_data(&identity.flow_id, &identity.step_id).await?;
    let action = actions(&step_data).map_err(RunError::Actions)?.get(&identity.function)?;
    Ok((action, step_data))
}

/// The startup hook, if the platform wants it: no action has one, so its result is empty.
async fn start_hook(settings: &WorkerSettings, platform: &Platform) -> Result<(), RunError> {
    if !settings.startup_required {
        return Ok(());
    }
    let nothing = RawValue::from_string("{}".to_owned()).map_err(anyhow::Error::from).map_err(RunError::Actions)?;
    platform.api.store_startup_data(&settings.identity.flow_id, &nothing).await.map_err(RunError::StartupData)
}

fn step(settings: &WorkerSettings, platform: &Platform, step_data: &StepData, cipher: &Arc<Cipher>) -> Step {
    Step {
        id: settings.identity.step_id.clone(),
        passthrough: step_data.is_passthrough,
        no_self_passthrough: settings.emit.no_self_passthrough,
        lightweight_threshold: settings.emit.lightweight_threshold,
        input_format: settings.input_format,
        bodies: BodyStore::new(platform.storage.clone(), cipher.clone()),
        api: platform.api.clone(),
        account: step_data.account(),
    }
}

/// Takes messages until the worker stops, then lets those in work end.
async fn work(link: &mut Link, processor: Arc<Processor>, drain: Duration) -> Result<(), RunError> {
    let in_work = TaskTracker::new();
    let stop = processor.stop.clone();
    let deliver = |delivery| {
        let processor = processor.clone();
        in_work.spawn(async move { processor.process(delivery).await });
    };
    let consumed = link.consume(deliver, &stop).await;
    in_work.close();
    if !in_work.is_empty() {
        tracing::info!(in_work = in_work.len(), "stopping: messages in work end first");
    }
    if tokio::time::timeout(drain, in_work.wait()).await.is_err() {
        tracing::warn!(in_work = in_work.len(), "stopped before all messages ended; they go back to the queue");
    }
    Ok(consumed?)
}

/// Publishes the error of a failed start.
async fn report(outbox: &Outbox, error: &RunError) {
    let never = CancellationToken::new();
    let failure = error.failure();
    let publish = outbox.startup_error(&failure, &never);
    if !matches!(tokio::time::timeout(STARTUP_ERROR_TIMEOUT, publish).await, Ok(Ok(()))) {
        tracing::error!("the error of this start could not be published");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_startup_data_is_told_in_the_platform_s_words() {
        for (status, body, text) in [
            (StatusCode::BAD_REQUEST, r#"{"error": "no \u0072oom"}"#, "no room"),
            (StatusCode::FORBIDDEN, r#"{"error": 7}"#, r#"{"error":7}"#),
            (StatusCode::FORBIDDEN, "no", "no"),
            (StatusCode::INTERNAL_SERVER_ERROR, r#"{"error": "no room"}"#, "Request failed with status code 500"),
        ] {
            assert_eq!(startup_data_text(status, body), text, "{status} {body}");
        }
    }
}
