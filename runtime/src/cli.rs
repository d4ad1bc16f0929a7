//! The command line.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    Component,
    commands::{self, check::CheckArgs, exec::ExecArgs, login::LoginArgs},
};

/// Without a command it runs the worker, as the platform starts it.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The worker: processes messages from the queue that the environment names.
    Run,
    /// Runs an action on messages from standard input or the command line, without a broker.
    Exec(ExecArgs),
    /// Gets a credential for `exec` by the authorization-code flow: you consent in a browser.
    Login(LoginArgs),
    /// Tries everything that the worker needs, with its settings and without touching a message; one line for each.
    Check(CheckArgs),
    /// Asks a running worker on this machine whether it is ready; the exit code is 0 if it is.
    Health,
    /// The platform's one-shot calls; the result is posted to `ELASTICIO_POST_RESULT_URL`.
    Service {
        /// `verifyCredentials`, `selectModel` or `getMetaModel`
        method: String,
    },
}

/// The whole program of a component: reads the command line, runs the command, returns its exit code.
#[must_use]
pub fn main<C: Component>() -> ExitCode {
    let matches = command::<C>().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command.unwrap_or(Command::Run) {
        Command::Run => commands::run::run::<C>(),
        Command::Exec(args) => commands::exec::run::<C>(&args),
        Command::Login(args) => commands::login::run::<C>(&args),
        Command::Check(args) => commands::check::run::<C>(&args),
        Command::Health => commands::health::run::<C>(),
        Command::Service { method } => commands::service::run::<C>(&method),
    }
}

/// The command line with the component's name, version and first action.
fn command<C: Component>() -> clap::Command {
    let about = format!("{}\n\nWithout a command it runs the worker, as the platform starts it.", C::INFO.about);
    Cli::command().name(C::INFO.name).version(C::INFO.version).about(C::INFO.about).long_about(about).mut_subcommand(
        "exec",
        |exec| match C::INFO.manifest().first_action() {
            Some(action) => {
                exec.mut_arg("function", |argument| argument.required(false).default_value(action.to_owned()))
            }
            None => exec,
        },
    )
}
