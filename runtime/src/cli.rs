//! The command line.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{
    Arg, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::{PossibleValue, PossibleValuesParser},
};

use crate::{
    Component,
    commands::{self, check::CheckArgs, exec::ExecArgs, login::LoginArgs},
    component::Manifest,
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
    /// Runs an action or trigger on messages from standard input or the command line, without a broker.
    Exec(Box<ExecArgs>),
    /// Gets a credential for `exec` by the authorization-code flow: you consent in a browser.
    Login(LoginArgs),
    /// Tries everything that the worker needs, with its settings and without touching a message; one line for each.
    Check(CheckArgs),
    /// Asks a running worker on this machine whether it is ready; the exit code is 0 if it is.
    Health,
    /// Prints what a shell needs to complete this program's arguments, e.g. for ~/.local/share/bash-completion/completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the man page, in roff.
    Man,
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
        Command::Completions { shell } => printed(|out| {
            clap_complete::generate(shell, &mut command::<C>(), C::INFO.name, out);
            Ok(())
        }),
        Command::Man => printed(|out| clap_mangen::Man::new(command::<C>()).render(out)),
        Command::Service { method } => commands::service::run::<C>(&method),
    }
}

/// Exit code 0 if `print` can write to standard output.
fn printed(print: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> ExitCode {
    let mut text = Vec::new();
    let outcome = print(&mut text).and_then(|()| io::stdout().write_all(&text));
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The command line with the component's name, version, first action and examples.
fn command<C: Component>() -> clap::Command {
    let (name, example) = (C::INFO.name, C::INFO.example);
    let about = format!("{}\n\nWithout a command it runs the worker, as the platform starts it.", C::INFO.about);
    let examples = format!(
        "Examples:\n  {name} check\n      whether a worker would run with this environment\n  \
         {name} exec --credential FILE '{example}'\n      one action on one message, without broker and platform\n\n\
         Exit codes: 0 done, 1 failed (standard error or the log says why), 2 wrong arguments."
    );
    let exec_examples = format!(
        "Examples:\n  {name} exec --credential FILE '{example}'\n  \
         {name} exec --sandbox http://127.0.0.1:8090 '{example}'\n      without an account\n  \
         {name} exec --credential FILE --concurrency 8 --unordered < messages.jsonl > results.jsonl\n\n\
         Exit codes: 0 all messages succeeded, 1 one failed or was not done, 2 wrong arguments."
    );
    let command = Cli::command().name(name).version(C::INFO.full_version()).about(C::INFO.about).long_about(about);
    let manifest = C::INFO.manifest();
    command.after_help(examples).mut_subcommand("exec", |exec| {
        exec.after_help(exec_examples).mut_arg("function", |argument| named_in(&manifest, argument))
    })
}

/// The argument that names an action or trigger, with those of component.json to choose from.
fn named_in(manifest: &Manifest, argument: Arg) -> Arg {
    let Some(first) = manifest.first_function() else { return argument };
    let names = manifest.functions().into_iter();
    let names = names.map(|(name, title)| PossibleValue::new(name.to_owned()).help(title.to_owned()));
    argument.value_parser(PossibleValuesParser::new(names)).required(false).default_value(first.to_owned())
}
