//! Measures contenders on one queue: the worker, the bare loop that is its floor, and the reference runtime.
//! `scripts/bench` starts what they need and runs this program.

mod cli;
mod compare;
mod comparison;
mod contender;
mod figures;
mod fleet;
mod instructions;
mod large;
mod load;
mod micro;
mod payload;
mod plot;
mod process;
mod prometheus;
mod queue;
mod report;
mod run;
mod scaling;
mod setup;
mod slow_api;
mod stallable;
mod timeline;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Command};

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    match &cli.command {
        Command::Compare(options) => compare::compare(&cli.setup, options).await,
        Command::Scaling(options) => scaling::scaling(&cli.setup, options).await,
        Command::Large(options) => large::large(&cli.setup, options).await,
        Command::Load(options) => load::load(&cli.setup, options).await,
        Command::Fleet(options) => fleet::fleet(&cli.setup, options).await,
        Command::Instructions(options) => instructions::instructions(&cli.setup, options).await,
        Command::Micro(options) => micro::micro(&cli.setup, options),
    }
}
