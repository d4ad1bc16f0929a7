//! The conformance test: runs the scenarios in `tests/conformance` against the built program.
//!
//! `cargo test --test conformance -- [NAME…] [--jobs N] [--list]`; a NAME is a part of a scenario's name, or `PREFIX*`.
//! The exit code is 1 if a scenario does not hold.
#![expect(clippy::print_stdout, reason = "a test harness reports on standard output")]

mod conformance_runner;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use conformance_runner::report::{Finished, Report};
use conformance_runner::{run, scenario};
use futures_util::{StreamExt, stream};

/// Runs the scenarios of the platform's contract.
#[derive(Debug, Parser)]
struct Arguments {
    /// Parts of the names of the scenarios to run, or PREFIX*; without any, all scenarios run.
    names: Vec<String>,
    /// How many scenarios run at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// Only list the scenarios.
    #[arg(long)]
    list: bool,
    /// Ignored: `cargo test -- --nocapture` passes it to every target, and this one captures nothing.
    #[arg(long, hide = true)]
    nocapture: bool,
}

impl Arguments {
    fn selects(&self, name: &str) -> bool {
        let matches = |wanted: &String| match wanted.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name.contains(wanted.as_str()),
        };
        self.names.is_empty() || self.names.iter().any(matches)
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut files = scenario::read_all(&folder)?;
    ensure!(!files.is_empty(), "there is no scenario in {}", folder.display());
    files.retain(|name, _| arguments.selects(name));
    if arguments.list {
        for name in files.keys() {
            println!("{name}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    // Without a broker, one error instead of one for each scenario.
    podio_test_support::shared_broker_url().await.context("the conformance test needs a broker")?;
    let mut report = Report::default();
    let mut finished = stream::iter(files).map(run_scenario).buffer_unordered(arguments.jobs.into());
    while let Some(scenario) = finished.next().await {
        report.add(scenario);
    }
    Ok(report.close())
}

async fn run_scenario((name, text): (String, String)) -> Finished {
    let program = Path::new(env!("CARGO_BIN_EXE_podio-component"));
    let outcome = run::run(program, &name, &text).await;
    (name, outcome)
}
