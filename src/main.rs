//! The program: parses the command line, runs the command, gives its exit code.

use std::process::ExitCode;

use clap::Parser;
use podio_component::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
