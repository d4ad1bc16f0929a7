//! The command `instructions`: instructions per message, counted by callgrind. They show what a change costs or saves even
//! on a busy machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;

use crate::contender::Contender;
use crate::report::Report;
use crate::run::{self, Batch};
use crate::setup::Setup;

/// Messages of the smaller of two runs. Their difference does not contain the start and the stop.
const FEW: u32 = 300;
/// Messages of the larger of two runs.
const MANY: u32 = 2300;

/// What is counted.
#[derive(Args, Clone, Debug)]
pub(crate) struct InstructionsOptions {
    /// Prefetches to count at.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100])]
    prefetch: Vec<u16>,
}

/// Counts the worker's and the floor's instructions and reports them with their ratios.
pub(crate) async fn instructions(setup: &Setup, options: &InstructionsOptions) -> Result<()> {
    let mut out = String::from(
        "\n| prefetch | worker, instructions per message | floor | worker ÷ floor | with logs and metrics | ÷ worker |\n|---|---|---|---|---|---|\n",
    );
    for prefetch in options.prefetch.iter().copied() {
        let worker = per_message(setup, Contender::Worker, prefetch).await?;
        let floor = per_message(setup, Contender::Floor, prefetch).await?;
        let observed = per_message(setup, Contender::Observed, prefetch).await?;
        let (ratio, more) = (worker / floor, observed / worker);
        let _ = writeln!(out, "| {prefetch} | {worker:.0} | {floor:.0} | {ratio:.2} | {observed:.0} | {more:.2} |");
    }
    Report::new(setup.save.as_deref()).publish("instructions.md", &out)
}

async fn per_message(setup: &Setup, contender: Contender, prefetch: u16) -> Result<f64> {
    eprintln!("prefetch {prefetch}, instructions: {}", contender.name());
    let few = counted(setup, contender, prefetch, FEW).await?;
    let many = counted(setup, contender, prefetch, MANY).await?;
    Ok((many - few) / f64::from(MANY - FEW))
}

/// The instructions of a whole run.
async fn counted(setup: &Setup, contender: Contender, prefetch: u16, messages: u32) -> Result<f64> {
    let counts = std::env::temp_dir().join(format!("podio-bench-callgrind-{}", std::process::id()));
    let batch = Batch { profile: Some(&counts), ..Batch::new(prefetch, usize::try_from(messages)?, "/user") };
    run::batch(setup, contender, &batch).await?;
    let total = total(&counts);
    fs::remove_file(&counts)?;
    total
}

/// The total in callgrind's output file.
fn total(counts: &Path) -> Result<f64> {
    let text = fs::read_to_string(counts).context("callgrind wrote no counts: is valgrind installed?")?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    Ok(total.context("callgrind's file has no total")?.trim().parse()?)
}
