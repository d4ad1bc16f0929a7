//! The hooks of a step, run by hand.

use std::{
    fs,
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use serde_json::Value;
use url::Url;

use super::{super::encoding::without_mark, args::HookArgs};
use crate::{
    dispatcher::{Action, Failure, HookContext, hooks},
    settings::{Reader, Source},
    stop::Stop,
    worker::HookSettings,
};

/// The hook that the command line asks for.
pub(super) enum Hook {
    /// `--startup`
    Startup,
    /// `--shutdown`, with the file of the state
    Shutdown(PathBuf),
}

impl Hook {
    /// The hook that `args` ask for; `None` if they ask for messages to be processed.
    pub(super) fn asked_for(args: &HookArgs) -> Option<Self> {
        if args.startup { Some(Self::Startup) } else { args.shutdown.clone().map(Self::Shutdown) }
    }

    /// Runs it. The state of the startup hook goes to standard output; an error, which may hold content, to standard error
    /// and not into the log.
    pub(super) async fn run(
        self,
        action: &dyn Action,
        webhook_uri: Option<&Url>,
        stop: &Stop,
    ) -> anyhow::Result<ExitCode> {
        let context = HookContext { stop, webhook_uri };
        let outcome = match self {
            Self::Startup => hooks::startup(action, &context).await.map(Some),
            Self::Shutdown(file) => hooks::shutdown(action, &state_in(&file)?, &context).await.map(|()| None),
        };
        match outcome {
            Ok(Some(state)) => {
                writeln!(stdout(), "{state}").context("the state cannot be written to standard output")?;
            }
            Ok(None) => {}
            Err(failure) => return Ok(failed(&failure)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The address for the hooks: that of the command line, else that of the variable.
pub(super) fn webhook_uri(args: &HookArgs, source: &Source) -> anyhow::Result<Option<Url>> {
    if args.webhook_uri.is_some() {
        return Ok(args.webhook_uri.clone());
    }
    let mut reader = Reader::new(source);
    let settings = HookSettings::read(&mut reader);
    Ok(reader.finish(settings)?.webhook_uri)
}

fn state_in(path: &PathBuf) -> anyhow::Result<Value> {
    let file = path.display();
    let text = fs::read(path).with_context(|| format!("the state file {file} cannot be read"))?;
    let text = without_mark(&text).map_err(|problem| anyhow::anyhow!("the state file {file} {problem}"))?;
    serde_json::from_slice(text)
        .map_err(|error| anyhow::anyhow!("the state file {file} is not JSON (line {})", error.line()))
}

fn failed(failure: &Failure) -> ExitCode {
    // Nobody reads it if it cannot be written.
    let _ = writeln!(stderr(), "the hook failed: {}", failure.message());
    ExitCode::FAILURE
}
