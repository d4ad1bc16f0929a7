//! The worker's life (contract, section 2): start, work, stop.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{outbox::Outbox, process::Processor, register::Register};
use crate::{
    amqp::{ConnectError, Link},
    dispatcher::{Action, Failure, Registry, UnknownFunction},
    platform::{
        api::{ApiError, PlatformApi},
        cipher::Cipher,
        json::write_compact,
        step::StepData,
    },
    settings::WorkerSettings,
};

/// Longest time that a failed start tries to publish its error.
const STARTUP_ERROR_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the worker did not start, or did not stay.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No broker.
    #[error(transparent)]
    Broker(#[from] ConnectError),
    /// No step data.
    #[error("the step's data could not be read: {0}")]
    Platform(#[from] ApiError),
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
            _ => Failure::new(self.to_string()),
        }
    }
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
    api: &PlatformApi,
    actions: impl FnOnce(&StepData) -> anyhow::Result<Registry>,
    stop: &CancellationToken,
    drain: Duration,
) -> Result<(), RunError> {
    let identity = &settings.identity;
    let (link, step_data) =
        tokio::join!(Link::open(settings.broker.clone()), api.step_data(&identity.flow_id, &identity.step_id));
    let mut link = link?;
    let cipher = Cipher::new(&settings.crypto.password, settings.crypto.iv);
    let outbox = Outbox::new(link.publisher(), cipher, identity, settings.emit.clone());
    let action = step_data
        .map_err(RunError::from)
        .and_then(|step| Ok(actions(&step).map_err(RunError::Actions)?.get(&identity.function)?));
    let outcome = match action {
        Ok(action) => work(&mut link, settings, action, outbox, stop, drain).await,
        Err(error) => {
            report(&outbox, &error).await;
            Err(error)
        }
    };
    link.close().await;
    outcome
}

/// Takes messages until `stop`, then lets those in work end.
async fn work(
    link: &mut Link,
    settings: &WorkerSettings,
    action: Arc<dyn Action>,
    outbox: Outbox,
    stop: &CancellationToken,
    drain: Duration,
) -> Result<(), RunError> {
    let processor =
        Arc::new(Processor { action, outbox, register: Register::new(settings.broker.prefetch), stop: stop.clone() });
    let in_work = TaskTracker::new();
    let consumed = link
        .consume(
            |delivery| {
                let processor = processor.clone();
                in_work.spawn(async move { processor.process(delivery).await });
            },
            stop,
        )
        .await;
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
