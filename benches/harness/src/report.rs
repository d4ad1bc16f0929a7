//! Where results go: to standard output, and to files if a folder is given.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context, Result};

/// Prints and saves results.
#[derive(Clone, Copy)]
pub(crate) struct Report<'a> {
    folder: Option<&'a Path>,
}

impl<'a> Report<'a> {
    /// Saves to `folder`, or nowhere.
    pub(crate) fn new(folder: Option<&'a Path>) -> Self {
        Self { folder }
    }

    /// Prints `text` and saves it as the file `name`.
    pub(crate) fn publish(&self, name: &str, text: &str) -> Result<()> {
        io::stdout().lock().write_all(text.as_bytes()).context("standard output is closed")?;
        self.save(name, text)
    }

    /// Saves `text` as the file `name`.
    pub(crate) fn save(&self, name: &str, text: &str) -> Result<()> {
        let Some(folder) = self.folder else { return Ok(()) };
        fs::create_dir_all(folder)?;
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
    }
}
