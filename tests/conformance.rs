//! The conformance run: every scenario of `tests/conformance` against the built program.
//!
//! `cargo test --test conformance -- [NAME…] [--jobs N] [--list]`; a NAME is a part of a scenario's name,
//! or `PREFIX*`. Exit code 1 when one does not hold.
#![expect(clippy::print_stdout, reason = "it reports on standard output, as a test harness does")]

mod conformance_runner;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use conformance_runner::report::{Played, Report};
use conformance_runner::{run, scenario};
use futures_util::{StreamExt, stream};

/// Runs the recorded scenarios of the platform's contract.
#[derive(Debug, Parser)]
struct Arguments {
    /// Parts of the names of the scenarios to run, or PREFIX*; all if none is given.
    names: Vec<String>,
    /// How many run at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// Only name them.
    #[arg(long)]
    list: bool,
    /// Taken, since `cargo test -- --nocapture` tells it to every target; nothing is captured here.
    #[arg(long, hide = true)]
    nocapture: bool,
}

impl Arguments {
    fn want(&self, name: &str) -> bool {
        let fits = |wanted: &String| match wanted.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name.contains(wanted.as_str()),
        };
        self.names.is_empty() || self.names.iter().any(fits)
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut files = scenario::read_all(&folder)?;
    ensure!(!files.is_empty(), "there is no scenario in {}", folder.display());
    files.retain(|name, _| arguments.want(name));
    if arguments.list {
        for name in files.keys() {
            println!("{name}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    // One clear word instead of the same one for each scenario.
    podio_test_support::shared_broker_url().await.context("the conformance run needs a broker")?;
    let mut report = Report::default();
    let mut played = stream::iter(files).map(play).buffer_unordered(arguments.jobs.into());
    while let Some(played) = played.next().await {
        report.add(played);
    }
    Ok(if report.close() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn play((name, text): (String, String)) -> Played {
    let program = Path::new(env!("CARGO_BIN_EXE_podio-component"));
    let outcome = run::play(program, &name, &text).await;
    (name, outcome)
}
