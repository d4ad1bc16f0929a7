//! Commands of the program that end by themselves.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::ended::Ended;
use crate::process_view::ProcessView;

/// How a command ended, and its output.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub ended: Ended,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
    /// What could be seen of the process when it had started.
    pub view: ProcessView,
}

/// Runs `program` to its end, with only `variables` in its environment and `input` on standard input; fails if that takes
/// longer than `bound`.
pub async fn run_to_end(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    variables: &[(&str, &str)],
    input: &str,
    bound: Duration,
) -> Result<Finished> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    let view = ProcessView::of(child.id().context("the command has no process id")?)?;
    let mut stdin = child.stdin.take().context("standard input is not piped")?;
    let input = input.to_owned();
    // Concurrent with the reading, or both sides could wait for each other. It fails if the program ends without reading.
    tokio::spawn(async move { stdin.write_all(input.as_bytes()).await });
    let output = timeout(bound, child.wait_with_output()).await;
    let output = output.with_context(|| format!("the command did not end within {bound:?}"))??;
    Ok(Finished {
        ended: Ended::from(output.status),
        output: String::from_utf8(output.stdout).context("standard output is not UTF-8")?,
        errors: String::from_utf8(output.stderr).context("standard error is not UTF-8")?,
        view,
    })
}
