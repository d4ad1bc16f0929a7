//! `check`: everything that a worker needs, tried with the worker's settings and without touching a message. One line for
//! each, with what to do about a failure.

use std::{
    fmt::Display,
    io::{Write, stdout},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use tokio::time::timeout;

use super::process;
use crate::{
    Component, Step, amqp,
    large::MemorySettings,
    platform::{Platform, step_data::StepData},
    settings::{self, Reader, Source},
    telemetry::LogTarget,
    worker::WorkerSettings,
};

mod args;
mod clock;
mod report;

pub(crate) use args::CheckArgs;
use report::{Line, Status};

/// Longest time that one check waits for an answer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(20);
const MIB: usize = 1024 * 1024;
/// Less than this for large bodies makes messages fail that are not large.
const LITTLE_MEMORY: usize = 8 * MIB;

/// Runs the checks; the exit code is 1 if one failed.
pub(crate) fn run<C: Component>(args: &CheckArgs) -> ExitCode {
    process::exit_code::<C>(start::<C>(args))
}

fn start<C: Component>(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let source = process::start_unreviewed::<C>(LogTarget::Stderr)?;
    let lines = process::runtime()?.block_on(check_all::<C>(&source));
    let text = if args.json {
        serde_json::to_string_pretty(&lines)? + "\n"
    } else {
        lines.iter().map(|line| line.to_string() + "\n").collect()
    };
    stdout().write_all(text.as_bytes()).context("the result cannot be written to standard output")?;
    Ok(if lines.iter().any(Line::is_failed) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn check_all<C: Component>(source: &Source) -> Vec<Line> {
    let doubts = settings::review(source, C::INFO.known()).into_iter();
    let mut lines: Vec<Line> = doubts.map(|doubt| Line::new("settings", Status::Warning, doubt)).collect();
    let mut reader = Reader::new(source);
    let (worker, own) = (WorkerSettings::read(&mut reader, C::INFO.name), C::settings(&mut reader));
    let (worker, own) = match reader.finish((worker, own)) {
        Ok(both) => both,
        Err(error) => {
            lines.extend(error.problems.into_iter().map(|problem| Line::new("settings", Status::Failed, problem)));
            let others = ["broker", "queue", "exchange", "platform", "step", "credential", "object storage", "clock"];
            lines.extend(others.map(|check| Line::not_tried(check, "the settings")));
            return lines;
        }
    };
    lines.push(Line::new("settings", Status::Ok, "all that a worker needs are set"));
    lines.extend(broker(&worker).await);
    match process::platform::<C>(worker.api.clone(), worker.storage.clone()) {
        Ok(platform) => {
            lines.extend(step::<C>(&worker, &own, &platform).await);
            lines.push(object_storage(&platform).await);
            lines.push(clock::compare::<C>(&worker.api.uri).await);
        }
        Err(error) => lines.push(Line::new("platform", Status::Failed, format!("{error:#}"))),
    }
    lines.push(memory(worker.memory, worker.broker.prefetch));
    lines
}

/// What `check` returns, if it does within [`CHECK_TIMEOUT`].
async fn in_time<T, E: Display>(check: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match timeout(CHECK_TIMEOUT, check).await {
        Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
        Err(_) => Err(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
    }
}

async fn broker(worker: &WorkerSettings) -> Vec<Line> {
    let settings = &worker.broker;
    match in_time(amqp::look(settings)).await {
        Ok(seen) => {
            let queue = seen.queue.map(|queue| {
                let (ready, consumers) = (queue.ready, queue.consumers);
                format!("\"{}\": {ready} message(s) wait, {consumers} consumer(s)", settings.queue)
            });
            let exchange = seen.exchange.map(|()| format!("\"{}\" is there", settings.exchange));
            vec![
                Line::new("broker", Status::Ok, "it accepts the connection"),
                Line::of("queue", queue),
                Line::of("exchange", exchange),
            ]
        }
        Err(problem) => vec![
            Line::new("broker", Status::Failed, problem),
            Line::not_tried("queue", "the broker"),
            Line::not_tried("exchange", "the broker"),
        ],
    }
}

/// The platform's API, the step's action, and its credential.
async fn step<C: Component>(worker: &WorkerSettings, own: &C::Settings, platform: &Platform) -> Vec<Line> {
    let identity = &worker.identity;
    let (flow_id, step_id) = (&identity.flow_id, &identity.step_id);
    let data: StepData = match in_time(platform.api.step_data(flow_id, step_id)).await {
        Ok(data) => data,
        Err(problem) => {
            return vec![
                Line::new("platform", Status::Failed, problem),
                Line::not_tried("step", "the platform"),
                Line::not_tried("credential", "the platform"),
            ];
        }
    };
    let of_flow = || Step::of_flow(data.clone(), &platform.api, platform.storage.clone(), flow_id, step_id);
    let action = C::actions(own, of_flow()).and_then(|actions| Ok(actions.get(&identity.function)?));
    let action = action.map(|_| format!("it runs {}", identity.function));
    let mut lines = vec![
        Line::new("platform", Status::Ok, "it returns the step's data"),
        Line::of("step", action.map_err(|error| format!("{error:#}"))),
    ];
    if C::INFO.manifest().has_credentials() {
        let credential = in_time(C::describe_credential(own, of_flow())).await;
        lines.push(Line::of("credential", credential.and_then(|checked| checked)));
    }
    lines
}

async fn object_storage(platform: &Platform) -> Line {
    const CHECK: &str = "object storage";
    let Some(storage) = &platform.storage else {
        return Line::new(CHECK, Status::Ok, "none is configured (ELASTICIO_OBJECT_STORAGE_URI)");
    };
    Line::of(CHECK, in_time(storage.look()).await.map(|()| "it answers and accepts the token".to_owned()))
}

fn memory(memory: MemorySettings, prefetch: u16) -> Line {
    let mib = memory.budget / MIB;
    let text = if memory.enforced {
        format!("{mib} MiB for large bodies at prefetch {prefetch}")
    } else {
        format!("no container limit is known: large bodies wait as if they had {mib} MiB, and none is refused")
    };
    if memory.budget >= LITTLE_MEMORY {
        return Line::new("memory", Status::Ok, text);
    }
    let advice = "raise the container's memory limit, or lower ELASTICIO_RABBITMQ_PREFETCH_SAILOR";
    Line::new("memory", Status::Warning, format!("only {text}: {advice}"))
}
