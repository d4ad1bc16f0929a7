//! Runs one scenario: sets up the queues and the answers, starts the worker, waits until it is done, and compares.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use podio_sandbox::{Answers, Api};
use podio_test_support::{Ended, Environment, OtherHost, Stage, Worker, cipher, until};
use serde_json::json;
use tokio::net::TcpSocket;
use tokio::time::sleep;

use super::hosts::Hosts;
use super::observation::Observation;
use super::scenario::{Action, InputCounts, Scenario};
use super::secrets::Secrets;
use super::verdict;

/// A scenario that is not over after this time is judged by what was observed until then.
const SCENARIO_BOUND: Duration = Duration::from_secs(20);
/// How long to wait after the expected end for something unexpected.
const QUIET: Duration = Duration::from_millis(250);
/// How long a message stays unsettled before it counts as left.
const LEFT_PATIENCE: Duration = Duration::from_millis(1500);
/// A worker that has not ended this long after SIGTERM is killed. It is more than a request's time-out.
const STOP_BOUND: Duration = Duration::from_secs(20);

/// The outcome of one scenario.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The differences from the expectations; none if the scenario holds.
    pub(crate) differences: Vec<String>,
    pub(crate) log: Vec<String>,
}

/// Runs the scenario in `text` with `program` as the worker. An error means that it could not be run.
pub(crate) async fn run(program: &Path, name: &str, text: &str) -> Result<Outcome> {
    let evil = OtherHost::start().await?;
    let draft = Scenario::parse(name, text)?;
    let stage = Stage::set(name, &draft.unbound).await?;
    let closed_port = ClosedPort::bind()?;
    let podio = if draft.podio_down { closed_port.0.local_addr()? } else { stage.sandbox.podio_addr() };
    let hosts = Hosts { podio: podio.to_string(), evil: evil.address().to_string() };
    let scenario = Scenario::parse(name, &hosts.fill_in(text))?;
    let message_ids = prepare(&stage, &scenario).await?;

    let environment = stage.environment(&scenario.function).with("PODIO_API_URL", &format!("http://{podio}"));
    let environment = scenario.env.iter().fold(environment, |all, (name, value)| all.with(name, value));
    let run = run_worker(&stage, program, &environment, &scenario).await;
    let left = stage.left().await;
    let run = run?;

    let (storage, platform) =
        stage.calls(Api::Platform).into_iter().partition(|call| call.path.starts_with("/objects"));
    let first_result = stage.results.all().first().map(|result| result.at.saturating_duration_since(run.began));
    let observation = Observation {
        sent: scenario.sent(),
        rejected: stage.rejected.count(),
        left: left?,
        exit: run.ended.0,
        emitted: stage.emitted()?,
        podio: stage.calls(Api::Podio),
        platform,
        storage,
        other_host: evil.requests(),
        first_result,
        message_ids,
        log: run.log,
    };
    stage.remove().await?;
    let secrets = Secrets::of(&serde_json::from_str(text)?);
    let differences = verdict::differences(&scenario, &secrets, &hosts, &observation);
    Ok(Outcome { differences, log: observation.log })
}

/// A port that is bound but does not listen, so that connections to it are refused.
struct ClosedPort(TcpSocket);

impl ClosedPort {
    fn bind() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        Ok(Self(socket))
    }
}

/// Scripts the answers and sends the messages; returns the messages' ids.
async fn prepare(stage: &Stage, scenario: &Scenario) -> Result<Vec<String>> {
    let mut step = json!({ "config": scenario.cfg, "snapshot": {} });
    for (name, value) in &scenario.step {
        step[name] = value.clone();
    }
    stage.sandbox.set_step(&step);
    let answers = Answers { podio: scenario.podio.clone(), platform: scenario.platform.clone() };
    stage.sandbox.set_answers(answers)?;
    let mut message_ids = Vec::new();
    for message in &scenario.messages {
        let object_id =
            message.object().map(|object| stage.sandbox.put_object(cipher::encrypt_raw(object.as_bytes())).to_string());
        for _ in 0..message.copies {
            let message = message.to_test_message(object_id.as_deref())?;
            stage.send(&message).await?;
            message_ids.extend(message.message_id().map(str::to_owned));
        }
    }
    Ok(message_ids)
}

/// What is known of a worker after its end.
struct WorkerRun {
    ended: Ended,
    /// When it began to consume.
    began: Instant,
    log: Vec<String>,
}

/// Runs the worker from its start to its end.
async fn run_worker(
    stage: &Stage,
    program: &Path,
    environment: &Environment,
    scenario: &Scenario,
) -> Result<WorkerRun> {
    let mut worker = Worker::start(program, environment)?;
    // Neither wait has to succeed: the worker may end before it consumes, and what is missing at the end is a difference.
    let _ = until("the worker's consumer", SCENARIO_BOUND, async || {
        Ok((!worker.is_running()? || stage.is_consumed().await?).then_some(()))
    })
    .await;
    let began = Instant::now();
    for event in &scenario.events {
        sleep(Duration::from_secs_f64(event.after).saturating_sub(began.elapsed())).await;
        match event.action {
            Action::Sigterm => worker.terminate()?,
            Action::DropConnections => stage.proxy.cut(),
        }
    }
    let _ = until("the scenario's end", SCENARIO_BOUND, async || {
        Ok((!worker.is_running()? || is_over(stage, scenario)).then_some(()))
    })
    .await;
    let leaves_messages = scenario.expected.input.is_some_and(|input| input.left > 0);
    if worker.is_running()? {
        sleep(if leaves_messages { LEFT_PATIENCE } else { QUIET }).await;
        worker.terminate()?;
    }
    // A worker that does not end is killed, and its exit code shows that.
    let ended = worker.ended(STOP_BOUND).await.unwrap_or(Ended::KILLED);
    Ok(WorkerRun { ended, began, log: worker.log().all() })
}

/// Whether everything that is expected has come.
fn is_over(stage: &Stage, scenario: &Scenario) -> bool {
    let expected = &scenario.expected;
    let InputCounts { rejected, left, .. } =
        expected.input.unwrap_or(InputCounts { sent: None, acked: 0, rejected: 0, left: 0 });
    // Unless the scenario says what is published, each message that is not rejected has one result.
    let results = expected.emitted.as_ref().map_or(scenario.sent() - rejected - left, Vec::len);
    stage.results.count() >= results
        && stage.rejected.count() >= rejected
        && stage.calls(Api::Podio).len() >= expected.podio.as_ref().map_or(0, Vec::len)
}
