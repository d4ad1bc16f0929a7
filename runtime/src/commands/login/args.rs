//! What `login` takes from the command line.

use std::path::PathBuf;

use clap::Args;

use super::super::sandbox::SandboxArg;

/// What `login` takes from the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct LoginArgs {
    /// The file to write the credential to, readable by you only; for `exec --credential`. If it holds one already, its
    /// other fields stay.
    #[arg(long, value_name = "FILE")]
    pub(super) credential: PathBuf,
    /// The port on 127.0.0.1 that the browser is sent to; 0 chooses a free one. Some authorization servers know only
    /// the addresses that were registered with the client.
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    #[command(flatten)]
    pub(super) sandbox: SandboxArg,
}
