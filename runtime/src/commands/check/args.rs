//! What `check` takes from the command line.

use clap::Args;

/// What `check` takes from the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckArgs {
    /// Print a JSON array instead of lines: objects with `check`, `status` (ok, warning, failed, `not_tried`)
    /// and `text`.
    #[arg(long)]
    pub(super) json: bool,
}
