//! What `exec` takes from the command line.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::{super::sandbox::SandboxArg, field::Field};

/// What `exec` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExecArgs {
    /// Messages as JSON; without any they are read from standard input, one per line or as whole JSON documents. A polling
    /// trigger needs none.
    pub(crate) messages: Vec<String>,
    /// The action or trigger, by its key in component.json.
    #[arg(long, env = "ELASTICIO_FUNCTION")]
    pub(crate) function: String,
    /// A JSON file with the credential: a token response, or a step's config with "oauth". A refreshed credential is
    /// written back to it. Without it: the component's own variables, else the platform's.
    #[arg(long, value_name = "FILE")]
    pub(crate) credential: Option<PathBuf>,
    /// Accept a credential file that other users can read.
    #[arg(long)]
    pub(crate) allow_readable_credential: bool,
    /// A field of the step, as a flow's builder fills it in: NAME=TEXT, or NAME:=JSON. Repeatable.
    #[arg(long = "field", value_name = "NAME=TEXT")]
    pub(super) fields: Vec<Field>,
    #[command(flatten)]
    pub(in crate::commands) sandbox: SandboxArg,
    /// Messages to process concurrently.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: u16,
    /// Print results as they come, not in the order of the messages.
    #[arg(long)]
    pub(crate) unordered: bool,
    /// A JSON file with the step's snapshot. It is read at the start (a file that is not there is an empty snapshot), and
    /// written, as it was emitted, once all messages have succeeded.
    #[arg(long, value_name = "FILE")]
    pub(super) snapshot: Option<PathBuf>,
    /// Run again this long after the end of each run, as a scheduler would, until Ctrl-C.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(super) interval: Option<u32>,
    /// Run as the platform does to retrieve a sample (flow type `debug`).
    #[arg(long)]
    pub(super) debug: bool,
    #[command(flatten)]
    pub(super) hooks: HookArgs,
}

/// What `exec` takes to run a hook.
#[derive(Args, Clone, Debug)]
pub(super) struct HookArgs {
    /// Run the startup hook and nothing else; prints the state that it returns, for --shutdown.
    #[arg(long, conflicts_with_all = ["messages", "snapshot", "interval"])]
    pub(super) startup: bool,
    /// Run the shutdown hook and nothing else, with the state in this file, as --startup printed it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["messages", "snapshot", "interval", "startup"])]
    pub(super) shutdown: Option<PathBuf>,
    /// Where the flow takes calls, for the hooks; without it: `ELASTICIO_FLOW_WEBHOOK_URI`.
    #[arg(long, value_name = "URL")]
    pub(super) webhook_uri: Option<Url>,
}
