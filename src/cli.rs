//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{self, exec::ExecArgs};

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
