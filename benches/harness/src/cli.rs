//! What the harness takes from the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::contender::Contender;

/// Measures the worker, its floor and the reference runtime.
#[derive(Debug, Parser)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) places: Places,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where everything is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Places {
    /// The broker.
    #[arg(long, global = true, default_value = "amqp://127.0.0.1:5672", env = "AMQP_URL")]
    pub(crate) broker: String,
    /// What answers as Podio: `GET /user` with 1 KB of JSON, `GET /size/N` with N bytes.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080")]
    pub(crate) api: String,
    /// What answers as the platform, and as a slow Podio.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8091")]
    pub(crate) platform: String,
    /// The worker's program.
    #[arg(long, global = true, default_value = "target/release/podio-component")]
    pub(crate) worker: PathBuf,
    /// The floor's program.
    #[arg(long, global = true, default_value = "target/release/podio-bench-floor")]
    pub(crate) floor: PathBuf,
    /// Folder with the reference runtime installed; without it there is no reference.
    #[arg(long, global = true)]
    pub(crate) reference: Option<PathBuf>,
    /// Folder for JSON and plots; without it nothing is written.
    #[arg(long, global = true)]
    pub(crate) save: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All contenders at prefetch 1, 10 and 100, alternating.
    Compare(CompareOptions),
    /// How the worker's cost grows.
    Scaling(ScalingOptions),
    /// What the worker and its floor execute for a message, counted by callgrind.
    Instructions(InstructionsOptions),
    /// The microbenchmarks' figures, after `cargo bench`, beside their floors.
    Micro(MicroOptions),
}

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct CompareOptions {
    /// Prefetches to compare at.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100])]
    pub(crate) prefetch: Vec<u16>,
    /// Who is measured; the reference only where there is one.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["worker", "floor", "reference"])]
    pub(crate) contenders: Vec<Contender>,
    /// Runs of each contender at each prefetch.
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// Messages of a run, in per cent of the usual number.
    #[arg(long, default_value_t = 100)]
    pub(crate) percent: usize,
}

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct ScalingOptions {
    /// What is varied.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["bodies", "workers", "backlog", "latency"])]
    pub(crate) vary: Vec<Vary>,
    /// Messages of a run, in per cent of the usual number.
    #[arg(long, default_value_t = 100)]
    pub(crate) percent: usize,
}

/// What a cost may grow with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Vary {
    /// The size of bodies.
    Bodies,
    /// The number of workers on one queue.
    Workers,
    /// The number of messages that wait.
    Backlog,
    /// The latency of the API, and the prefetch.
    Latency,
}

/// What is counted.
#[derive(Args, Clone, Debug)]
pub(crate) struct InstructionsOptions {
    /// Prefetches to count at.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100])]
    pub(crate) prefetch: Vec<u16>,
}

/// Where the microbenchmarks' figures are.
#[derive(Args, Clone, Debug)]
pub(crate) struct MicroOptions {
    /// Criterion's folder.
    #[arg(long, default_value = "target/criterion")]
    pub(crate) measured: PathBuf,
}
