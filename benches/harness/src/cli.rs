//! The command line. Each command's options are in the command's module.

use clap::{Parser, Subcommand};

use crate::compare::CompareOptions;
use crate::fleet::FleetOptions;
use crate::instructions::InstructionsOptions;
use crate::large::LargeOptions;
use crate::load::LoadOptions;
use crate::micro::MicroOptions;
use crate::scaling::ScalingOptions;
use crate::setup::Setup;

/// Measures the worker, its floor and the reference runtime.
#[derive(Debug, Parser)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) setup: Setup,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compares all contenders at prefetch 1, 10 and 100, alternating.
    Compare(CompareOptions),
    /// Measures how the worker's cost grows.
    Scaling(ScalingOptions),
    /// Measures many large answers at once, and small messages beside a large one.
    Large(LargeOptions),
    /// Counts very many messages through workers that are killed and added, and stops one whose calls hang.
    Load(LoadOptions),
    /// Shows one, two and four workers, one killed and one added, as a Prometheus sees them.
    Fleet(FleetOptions),
    /// Counts with callgrind what the worker and its floor execute per message.
    Instructions(InstructionsOptions),
    /// Prints the results of the microbenchmarks, after `cargo bench`, beside their floors.
    Micro(MicroOptions),
}
