//! What a program writes into the file system: everything in the folder that it is given as its home.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Result, ensure};
use podio_test_support::Environment;

use crate::ledger::Ledger;
use crate::place::Place;

/// The variables of a process whose home and temporary files are in `folder`, and that tells all that it can.
pub(crate) fn variables(folder: &str) -> Vec<(&'static str, String)> {
    let texts = [("HOME", folder), ("TMPDIR", folder), ("LOG_LEVEL", "trace"), ("RUST_LOG", "trace")];
    let more = [("RUST_BACKTRACE", "full"), ("XDG_CACHE_HOME", folder)];
    texts.into_iter().chain(more).map(|(name, value)| (name, value.to_owned())).collect()
}

/// The environment with these variables.
pub(crate) fn everywhere(environment: Environment, folder: &str) -> Environment {
    variables(folder).iter().fold(environment, |environment, (name, value)| environment.with(name, value))
}

/// Searches the files in `folder`. Only their owner may read them.
pub(crate) fn search(folder: &Path, flow: &str, ledger: &Ledger) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let file = entry?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        ensure!(mode == 0o600, "{flow}: others can open {} (mode {mode:o})", file.path().display());
        ledger.search(flow, Place::Files, fs::read(file.path())?);
    }
    Ok(())
}
