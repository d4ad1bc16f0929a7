//! The worker's lifecycle (protocol, section 2): start, work, stop.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::{
    StartError,
    emit::Emits,
    events::{Drains, SnapshotIgnored, message_span, message_trace},
    hooks,
    in_flight::InFlight,
    process::Processor,
    settings::WorkerSettings,
    step::StepContext,
    summary,
};
use crate::{
    amqp::{Delivery, Link},
    dispatcher::{Action, CurrentSnapshot, Registry},
    large::{Budget, offloadable},
    platform::{Platform, cipher::Cipher, lightweight::BodyStore, snapshot::Snapshot, step_data::StepData},
    stop::Stop,
    telemetry::{InUse, metrics, totals},
};

/// Longest time that a failed start spends on publishing its error.
const STARTUP_ERROR_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time that a start goes on after a stop was requested: one that is nearly done ends in order, one that waits for
/// a silent broker or platform is given up.
const START_GRACE: Duration = Duration::from_millis(1500);

/// Runs the worker until `stop` is requested. A request during the start takes effect once the start is done, or after
/// [`START_GRACE`].
///
/// `actions` returns the actions for a step's data, which must have a config if `needs_config`. At a stop, messages in progress have `drain` to finish; those that
/// do not go back to the queue.
///
/// # Errors
/// See [`StartError`]. An error at start is published to the platform before this returns, if the broker is up.
pub(crate) async fn run(
    settings: &WorkerSettings,
    platform: &Platform,
    needs_config: bool,
    actions: impl FnOnce(&StepData) -> anyhow::Result<Registry>,
    stop: &Stop,
    drain: Duration,
) -> Result<(), StartError> {
    let open = unless_stopped(stop, Link::open(settings.broker.clone()));
    let (link, prepared) = tokio::join!(open, unless_stopped(stop, prepare(settings, platform, needs_config, actions)));
    let Some(link) = link else { return Ok(()) };
    let mut link = link?;
    let started = match prepared {
        Some(Ok((action, step_data))) => {
            let hook = async {
                let Some(hooks) = &settings.startup else { return Ok(()) };
                hooks::start_up(&*action, hooks, &settings.identity, platform, stop).await
            };
            match unless_stopped(stop, hook).await {
                // The stop has cut its waits short.
                Some(Err(StartError::Startup(_))) if stop.is_requested() => None,
                hook => hook.map(|outcome| outcome.map(|()| (action, step_data))),
            }
        }
        stopped_or_failed => stopped_or_failed,
    };
    let cipher = Arc::new(Cipher::of_settings(&settings.cipher));
    let emits = |stop: &Stop| {
        Emits::new(link.publisher(), cipher.clone(), &settings.identity, settings.emit.clone(), stop.clone())
    };
    let outcome = match started {
        None => Ok(()),
        Some(Ok((action, step_data))) => {
            let processor = Processor {
                action,
                step: step(settings, platform, &step_data, &cipher),
                cipher: cipher.clone(),
                emits: emits(stop),
                in_flight: InFlight::new(settings.broker.prefetch),
                slots: Semaphore::new(settings.broker.prefetch.into()),
                memory: Arc::new(Budget::new(settings.memory)),
                stop: stop.clone(),
            };
            look_up(settings, &processor.memory);
            summary::of(pin!(work(&mut link, Arc::new(processor), drain))).await
        }
        Some(Err(error)) => {
            // A stop does not cut this short: it has its own time limit, and the process ends anyway.
            let emits = emits(&Stop::default());
            report(&emits, &error).await;
            Err(error)
        }
    };
    link.close().await;
    // The messages are back in the queue by now, so this holds up nobody but the process.
    stop.finish().await;
    outcome
}

/// The part of the start that does not need the broker: the step's data and the action.
async fn prepare(
    settings: &WorkerSettings,
    platform: &Platform,
    needs_config: bool,
    actions: impl FnOnce(&StepData) -> anyhow::Result<Registry>,
) -> Result<(Arc<dyn Action>, StepData), StartError> {
    let identity = &settings.identity;
    let (flow_id, step_id) = (&identity.flow_id, &identity.step_id);
    let step_data = if needs_config {
        platform.api.step_data_with_config(flow_id, step_id).await?
    } else {
        platform.api.step_data(flow_id, step_id).await?
    };
    let action = actions(&step_data).map_err(StartError::Actions)?.get(&identity.function)?;
    Ok((action, step_data))
}

/// What a part of the start returns; `None` if a stop ends it.
async fn unless_stopped<T>(stop: &Stop, part: impl Future<Output = T>) -> Option<T> {
    let given_up = async {
        stop.requested().await;
        tokio::time::sleep(START_GRACE).await;
    };
    tokio::select! {
        biased;
        done = part => Some(done),
        () = given_up => {
            tracing::warn!(
                "stopped before the worker had started: the broker, the platform or the startup hook took too long"
            );
            None
        }
    }
}

fn step(settings: &WorkerSettings, platform: &Platform, step_data: &StepData, cipher: &Arc<Cipher>) -> StepContext {
    StepContext {
        function: settings.identity.function.clone(),
        queue: settings.broker.queue.clone(),
        id: settings.identity.step_id.clone(),
        flow_type: settings.flow_type,
        snapshot: CurrentSnapshot::new(first_snapshot(step_data), settings.emit.size_limit),
        passthrough: step_data.is_passthrough,
        no_self_passthrough: settings.emit.no_self_passthrough,
        lightweight_threshold: settings.emit.lightweight_threshold,
        input_format: settings.input_format,
        bodies: BodyStore::new(platform.storage.clone(), cipher.clone()),
        api: platform.api.clone(),
        account: step_data.account(),
    }
}

/// The snapshot with which the step starts.
fn first_snapshot(step_data: &StepData) -> Snapshot {
    step_data.snapshot().unwrap_or_else(|kind| {
        SnapshotIgnored { kind }.emit();
        Snapshot::default()
    })
}

/// Lets whoever reads the figures see what is in use.
fn look_up(settings: &WorkerSettings, memory: &Arc<Budget>) {
    let Some(metrics) = metrics() else { return };
    let budget = memory.clone();
    let in_use = move || InUse { messages: totals().in_work(), bytes: budget.in_use() };
    metrics.look_up(&settings.broker.queue, settings.broker.prefetch, memory.size(), in_use);
}

/// Processes messages until the worker stops, then waits for those in progress.
async fn work(link: &mut Link, processor: Arc<Processor>, drain: Duration) -> Result<(), StartError> {
    let in_progress = TaskTracker::new();
    let stop = processor.stop.clone();
    let deliver = |delivery: Delivery| {
        let processor = processor.clone();
        let headers = delivery.headers.as_deref().unwrap_or_default();
        let (span, trace) = (message_span(headers), message_trace(&processor.step.queue, headers));
        let work = async move { trace.around(processor.process(delivery)).await };
        in_progress.spawn(offloadable(Box::pin(work.instrument(span))));
    };
    let consumed = link.consume(deliver, &stop).await;
    in_progress.close();
    Drains { in_progress: in_progress.len() }.emit();
    if tokio::time::timeout(drain, in_progress.wait()).await.is_err() {
        tracing::warn!(
            in_progress = in_progress.len(),
            "stopped before these messages were done; they go back to the queue"
        );
    }
    Ok(consumed?)
}

/// Publishes the error of a failed start.
async fn report(emits: &Emits, error: &StartError) {
    let failure = error.failure();
    let publish = emits.startup_error(&failure);
    if !matches!(tokio::time::timeout(STARTUP_ERROR_TIMEOUT, publish).await, Ok(Ok(()))) {
        tracing::error!("the error of this start could not be published");
    }
}
