//! The program: parses the command line, runs the command, gives its exit code.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use podio_component::cli::Cli;

/// Chosen by measurement (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
