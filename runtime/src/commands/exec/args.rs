//! What `exec` takes from the command line.

use std::path::PathBuf;

use clap::Args;

use super::{super::sandbox::SandboxArg, field::Field};

/// What `exec` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExecArgs {
    /// Messages as JSON; without any they are read from standard input, one per line or as whole JSON documents.
    pub(crate) messages: Vec<String>,
    /// The action, by its key in component.json.
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
}
