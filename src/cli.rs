//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::commands;

/// Podio component: a step of an integration flow that calls Podio's API.
///
/// Without a command it runs the worker, as the platform starts it.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The worker: takes messages from the queue that the environment names.
    Run,
    /// Runs an action on messages from standard input or the command line, without a broker.
    Exec(ExecArgs),
    /// The platform's one-shot calls; the result is posted to `ELASTICIO_POST_RESULT_URL`.
    Service {
        /// `verifyCredentials`, `selectModel` or `getMetaModel`
        method: String,
    },
}

/// What `exec` takes.
#[derive(Args, Clone, Debug)]
pub struct ExecArgs {
    /// Messages as JSON, e.g. '{"body":{"method":"GET","url":"/user"}}'; without any they are read from standard
    /// input, one per line or as whole JSON documents.
    pub messages: Vec<String>,
    /// The action, by its key in component.json.
    #[arg(long, default_value = "customRequest", env = "ELASTICIO_FUNCTION")]
    pub function: String,
    /// A JSON file with the credential: a token response, or a step's config with "oauth". A renewed credential is
    /// written back to it. Without it: `PODIO_ACCESS_TOKEN`, else the platform's variables.
    #[arg(long, value_name = "FILE")]
    pub credential: Option<PathBuf>,
    /// Messages in work at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub concurrency: u16,
    /// Print results as they come, not in the order of the messages.
    #[arg(long)]
    pub unordered: bool,
}

impl Cli {
    /// Runs the chosen command.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.command.unwrap_or(Command::Run) {
            Command::Run => commands::run::run(),
            Command::Exec(args) => commands::exec::run(&args),
            Command::Service { method } => commands::service::run(&method),
        }
    }
}
