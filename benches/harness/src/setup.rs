//! Where the programs and services are that take part in a measurement.

use std::path::PathBuf;

use clap::Args;

/// What every command needs.
#[derive(Args, Clone, Debug)]
pub(crate) struct Setup {
    /// The broker.
    #[arg(long, global = true, default_value = "amqp://127.0.0.1:5672", env = "AMQP_URL")]
    pub(crate) broker: String,
    /// What answers as Podio: `GET /user` with 1 KB of JSON, `GET /size/N` with N bytes.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080")]
    pub(crate) api: String,
    /// What answers as the platform.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8091")]
    pub(crate) platform: String,
    /// The worker's program.
    #[arg(long, global = true, default_value = "target/release/podio-component")]
    pub(crate) worker: PathBuf,
    /// Another build of the worker's program, to measure beside it; without it, none is measured.
    #[arg(long, global = true)]
    pub(crate) baseline: Option<PathBuf>,
    /// The floor's program.
    #[arg(long, global = true, default_value = "target/release/podio-bench-floor")]
    pub(crate) floor: PathBuf,
    /// The folder in which the reference runtime is installed; without it, the reference is not measured.
    #[arg(long, global = true)]
    pub(crate) reference: Option<PathBuf>,
    /// The folder for JSON, tables and plots; without it, nothing is written.
    #[arg(long, global = true)]
    pub(crate) save: Option<PathBuf>,
}
