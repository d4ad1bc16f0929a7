//! The canary run: lets the built program do everything that it does, well and badly, with secrets that occur nowhere
//! else, and searches every place that it writes to. A secret must be where it belongs, and nowhere else, in no encoding.
//!
//! `cargo test --test canary [-- NAME…]`; a NAME is a part of the name of a flow or a command. The exit code is 1 if a
//! secret is somewhere else, or, in a run of everything, is not where it belongs.
#![expect(clippy::print_stdout, reason = "a test harness reports on standard output")]

mod canary;
mod command;
mod commands;
mod files;
mod flow;
mod flows;
mod hosts;
mod ledger;
mod needles;
mod panicking;
mod place;
mod scene;
#[path = "../it/step.rs"]
#[expect(dead_code, reason = "shared with the other tests, which use more of it")]
mod step;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt, stream};
use hosts::Hosts;
use ledger::Ledger;

/// How many flows run at once.
const AT_ONCE: usize = 8;

/// Searches for secrets where they do not belong.
#[derive(Debug, Parser)]
struct Arguments {
    /// Parts of the names of the flows and commands to run; without any, all run.
    names: Vec<String>,
    /// Ignored: `cargo test -- --nocapture` passes it to every target, and this one captures nothing.
    #[arg(long, hide = true)]
    nocapture: bool,
}

impl Arguments {
    fn select(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| name.contains(wanted))
    }
}

fn main() -> Result<ExitCode> {
    // A flow starts this program as a worker.
    if std::env::var("ELASTICIO_FUNCTION").is_ok_and(|function| function == panicking::FUNCTION) {
        return Ok(panicking::main());
    }
    tokio::runtime::Runtime::new()?.block_on(run(&Arguments::parse()))
}

async fn run(arguments: &Arguments) -> Result<ExitCode> {
    let hosts = Hosts::start().await.context("the hosts of the canary run")?;
    let ledger = Ledger::new()?;
    ledger.ensure_finds()?;
    let mut flows = flows::all(&hosts)?;
    flows.retain(|flow| arguments.select(flow.name));
    let mut commands = commands::all(&hosts)?;
    commands.retain(|command| arguments.select(command.name()));
    if flows.is_empty() && commands.is_empty() {
        println!("none of the flows and commands has such a name");
        return Ok(ExitCode::SUCCESS);
    }
    let broker = hosts::start_broker().await.context("the broker of the canary run")?;
    let (hosts, ledger, broker_url) = (&hosts, &ledger, broker.url());
    let runs = ["json", "text"].into_iter().flat_map(|format| {
        let flows =
            flows.iter().map(move |flow| -> LocalBoxFuture<'_, _> { Box::pin(flow.run(format, broker_url, ledger)) });
        let commands = commands
            .iter()
            .map(move |command| -> LocalBoxFuture<'_, _> { Box::pin(command.run(format, hosts, ledger)) });
        flows.chain(commands)
    });
    let outcomes: Vec<Result<()>> = stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
    hosts.search(ledger);
    println!("{}\n", ledger.table());
    let mut problems: Vec<String> =
        outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(|error| format!("{error:#}")).collect();
    problems.extend(ledger.leaks());
    if arguments.names.is_empty() {
        problems.extend(ledger.missing());
    } else {
        println!("Only a part was run, so a secret that was not seen is no problem.");
    }
    println!("{} flows and commands, {} problems", outcomes.len(), problems.len());
    for problem in &problems {
        println!("PROBLEM {problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
