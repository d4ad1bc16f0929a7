//! Measures contenders on one queue: the worker, the bare loop that is its floor, and the reference runtime.
//! `scripts/bench` starts what it needs and calls it.

mod cli;
mod compare;
mod contender;
mod figures;
mod instructions;
mod micro;
mod plot;
mod process;
mod queue;
mod report;
mod run;
mod scaling;
mod slow;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Command};

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    match &cli.command {
        Command::Compare(options) => compare::compare(&cli.places, options).await,
        Command::Scaling(options) => scaling::scaling(&cli.places, options).await,
        Command::Instructions(options) => instructions::instructions(&cli.places, options).await,
        Command::Micro(options) => micro::micro(&cli.places, options),
    }
}
