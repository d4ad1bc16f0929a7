//! `exec`: one action or trigger on messages from standard input or the command line; results as JSON lines on standard
//! output. Dispatcher, actions, retries and refreshes are those of the worker; there is no broker.

use std::{process::ExitCode, sync::Arc};

use super::process;
use crate::{
    Component,
    dispatcher::Action,
    settings::{Reader, Source},
    stop::Stop,
    telemetry::LogTarget,
};

mod args;
mod credential;
mod field;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod hook;
mod input;
mod message;
mod run;
mod runs;
mod snapshot_file;

pub(crate) use args::ExecArgs;
use hook::Hook;

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
        let outcome = run_function::<C>(args, action, &source, &stop).await;
        stop.finish().await;
        outcome
    })
}

/// Runs a hook, or processes messages.
async fn run_function<C: Component>(
    args: &ExecArgs,
    action: Arc<dyn Action>,
    source: &Source,
    stop: &Stop,
) -> anyhow::Result<ExitCode> {
    if let Some(hook) = Hook::asked_for(&args.hooks) {
        return hook.run(&*action, hook::webhook_uri(&args.hooks, source)?.as_ref(), stop).await;
    }
    runs::repeat::<C>(args, action, source, stop).await
}

/// The action or trigger that `--function` names, with the credential that was found.
async fn action<C: Component>(args: &ExecArgs, source: &Source) -> anyhow::Result<Arc<dyn Action>> {
    let mut reader = Reader::new(source);
    let settings = C::settings(&mut reader);
    let settings = reader.finish(settings)?;
    let mut step = credential::find::<C>(args, source).await?;
    step.data = step.data.with_fields(args.fields.iter().map(|field| (field.name.clone(), field.value.clone())));
    Ok(C::actions(&settings, step)?.get(&args.function)?)
}
