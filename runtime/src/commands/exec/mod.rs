//! `exec`: one action on messages from standard input or the command line; results as JSON lines on standard output.
//! Dispatcher, actions, retries and refreshes are those of the worker; there is no broker.

use std::{
    io::{IsTerminal, Write, stderr, stdin, stdout},
    process::ExitCode,
    sync::Arc,
};

use super::process;
use crate::{
    Component,
    dispatcher::Action,
    settings::{Reader, Source},
    stop::Stop,
    telemetry::LogTarget,
};
use anyhow::Context as _;
use futures_util::{StreamExt, future::Either};
use indicatif::{ProgressBar, ProgressStyle};

mod args;
mod credential;
mod field;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod input;
mod message;

pub(crate) use args::ExecArgs;
use message::Printed;

/// Runs the command; returns the exit code.
pub(crate) fn run<C: Component>(args: &ExecArgs) -> ExitCode {
    process::exit_code::<C>(start::<C>(args))
}

fn start<C: Component>(args: &ExecArgs) -> anyhow::Result<ExitCode> {
    let source = process::start::<C>(LogTarget::Stderr)?;
    process::runtime()?.block_on(async {
        let stop = process::stop_on_signal()?;
        let source = args.sandbox.applied::<C>(source).await?;
        let action = action::<C>(args, &source).await?;
        let outcome = process_all(args, action, stop.clone(), C::INFO.example).await;
        stop.finish().await;
        outcome
    })
}

/// The action that `--function` names, with the credential that was found.
async fn action<C: Component>(args: &ExecArgs, source: &Source) -> anyhow::Result<Arc<dyn Action>> {
    let mut reader = Reader::new(source);
    let settings = C::settings(&mut reader);
    let settings = reader.finish(settings)?;
    let mut step = credential::find::<C>(args, source).await?;
    step.data = step.data.with_fields(args.fields.iter().map(|field| (field.name.clone(), field.value.clone())));
    Ok(C::actions(&settings, step)?.get(&args.function)?)
}

/// Processes every message; the exit code is 1 when any failed.
async fn process_all(args: &ExecArgs, action: Arc<dyn Action>, stop: Stop, example: &str) -> anyhow::Result<ExitCode> {
    let concurrency = usize::from(args.concurrency);
    let inputs = if args.messages.is_empty() {
        if stdin().is_terminal() {
            // Nobody reads it if it cannot be written.
            let _ = writeln!(stderr(), "Type messages as JSON, one per line, e.g. {example}. Ctrl-D ends.");
        }
        Either::Left(input::from_reader(stdin(), concurrency))
    } else {
        Either::Right(input::from_arguments(&args.messages))
    };
    let work = inputs
        .take_until(requested(stop.clone()))
        .enumerate()
        .map(|(index, input)| message::process(index + 1, input, action.clone(), stop.clone()));
    let outputs = if args.unordered {
        Either::Left(work.buffer_unordered(concurrency))
    } else {
        Either::Right(work.buffered(concurrency))
    };
    let progress = progress(args);
    let mut outputs = std::pin::pin!(outputs);
    let (mut done, mut failed) = (0_u64, 0_u64);
    while let Some(Printed { lines, ok }) = outputs.next().await {
        let mut out = stdout().lock();
        out.write_all(&lines).and_then(|()| out.flush()).context("results cannot be written to standard output")?;
        done += 1;
        failed += u64::from(!ok);
        progress.set_message(format!("{failed} failed"));
        progress.inc(1);
    }
    progress.finish_and_clear();
    if done == 0 {
        anyhow::bail!("no message was given: pass one as an argument or on standard input, e.g. '{example}'");
    }
    if done > 1 {
        tracing::info!(done, failed, "all messages are processed");
    }
    Ok(if failed > 0 || stop.is_requested() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn requested(stop: Stop) {
    stop.requested().await;
}

/// A progress bar, shown if messages come from standard input, and only standard error is a terminal.
fn progress(args: &ExecArgs) -> ProgressBar {
    if !args.messages.is_empty() || !stderr().is_terminal() || stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} messages, {msg}, {per_sec}, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style).with_message("0 failed")
}
